"""Every option of the translation models trains, is saved, and translates alike when it is loaded again."""

import pytest
import torch

from genlab.runs.checkpoint_io import AtomicCheckpointIO
from genlab.runs.load import load, load_run

from photographs import CUT, SMALL

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
