"""Every option of the translation models trains, is saved, and translates alike when it is loaded again."""

import pytest
import torch
from PIL import Image

from genlab.contracts import ConfigError
from genlab.runs.checkpoint_io import AtomicCheckpointIO
from genlab.runs.load import load, load_run

from photographs import BEYOND, CUT, SMALL

SHORT = ["trainer.max_epochs=1", "data.limit=6", "data.batch_size=2", "metrics=none", "callbacks=none"]
DATA = {"cyclegan": "unpaired_folders", "pix2pix": "paired_folders"}
INSTANCE = ["model.generator.norm=instance", "model.discriminator.norm=instance"]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("cyclegan", ["model.loss=wasserstein", "model.lambda_gp=10"]),
        ("cyclegan", ["model.ema=0.9", "model.augment=[color,translation,cutout]"]),
        ("cyclegan", ["model/step=reference", "trainer.precision=bf16-mixed"]),
        ("cyclegan", ["model.step.channels_last=true", "trainer.precision=bf16-mixed", "model.lambda_gp=1"]),
        ("cyclegan", ["model.generator.norm=batch", "model.discriminator.norm=none", "model.generator.dropout=true"]),
        ("cyclegan", [*BEYOND, "model.ema=0.9"]),
        ("cyclegan", [*BEYOND, "trainer.precision=bf16-mixed", "trainer.accumulate_grad_batches=2"]),
        ("cyclegan", ["model.mask=0.3", "model.loss=relativistic", "model.r1=1", "model.lambda_second=0.5"]),
        ("pix2pix", ["model/generator=gated_2_1_2d", "model.generator.channels=6", "model.generator.num_downs=2"]),
        ("pix2pix", ["model.loss=wasserstein", "model.lambda_gp=10", *INSTANCE, "trainer.accumulate_grad_batches=2"]),
        ("pix2pix", ["model.ema=0.9", "model.augment=[color,translation,cutout]", "trainer.precision=bf16-mixed"]),
        ("pix2pix", ["model/discriminator=pixel", "model.discriminator.norm=batch", "model.step.channels_last=true"]),
    ],
)
def test_an_option_trains_and_is_kept(model, options, train, folders):
    small = [
        option for option in SMALL[model] if "pixel" not in " ".join(options) or "discriminator.layers" not in option
    ]
    data = [f"data={DATA[model]}", f"data.path={folders[DATA[model]]}"]
    run = train(f"model={model}", *small, *data, *CUT, *SHORT, *options)
    one, other = load(run), load(run)
    x = torch.rand(2, 3, 32, 32)
    made = one.translate(x, "AtoB")
    assert made.isfinite().all()
    assert torch.equal(made, other.translate(x, "AtoB"))
    assert list(one.ema) == (list(one.generators()) if "model.ema=0.9" in options else [])


def test_a_network_of_one_height_trains_on_crops_and_is_tested_on_whole_spectrograms(train, folders):
    """Of any width, each way, and again when it is loaded."""
    place = folders["speech_folders"]
    data = ["data=speech_folders", *(f"data.{side}={place[side]}" for side in "ab"), "data.frames=32", "data.n_mels=32"]
    run = train("model=cyclegan", *SMALL["cyclegan"], *BEYOND, *data, *SHORT)
    model = load(run)
    assert model.generator_AtoB.height == 32
    for way in ("AtoB", "BtoA"):
        for width in (1, 31, 77):
            x = torch.rand(1, 1, 32, width)
            assert model.translate(x, way).shape == x.shape


def test_pictures_of_several_heights_are_refused_by_a_network_of_one(train, folders, tmp_path):
    pictures = tmp_path / "pictures"
    for side, sizes in (("A", [(40, 40), (40, 36)]), ("B", [(40, 40), (36, 40)])):
        (pictures / f"train{side}").mkdir(parents=True)
        for part in ("val", "test"):
            (pictures / f"{part}{side}").mkdir()
            Image.new("RGB", (40, 40)).save(pictures / f"{part}{side}" / "0.png")
        for number, size in enumerate(sizes):
            Image.new("RGB", size).save(pictures / f"train{side}" / f"{number}.png")
    options = ["model=cyclegan", *SMALL["cyclegan"], *BEYOND, "data=unpaired_folders", f"data.path={pictures}"]
    options += ["metrics=none", "check_only=true"]
    with pytest.raises(ConfigError, match=r"differ in theirs\n    Type: data.preprocess=resize_and_crop"):
        train(*options, "data.preprocess=none")
    train(*options, *CUT)
    (pictures / "trainA" / "1.png").unlink()
    train(*options, "data.preprocess=none")


def test_a_run_with_compiled_networks_is_loaded_without_the_compiler(train, folders, monkeypatch):
    data = ["data=unpaired_folders", f"data.path={folders['unpaired_folders']}"]
    run, read = train("model=cyclegan", *SMALL["cyclegan"], *data, *CUT, *SHORT), AtomicCheckpointIO.load_checkpoint

    def compiled(self, path):
        checkpoint = read(self, path)
        checkpoint["genlab"]["config"]["model"]["step"]["compile"] = "default"
        return checkpoint

    monkeypatch.setattr(AtomicCheckpointIO, "load_checkpoint", compiled)
    loaded = load_run(run)
    assert all(net._compiled_call_impl is None for net in loaded.model.modules())
