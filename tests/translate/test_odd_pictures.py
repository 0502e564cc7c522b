"""Pictures as people have them through a checkpoint: ranges, sides of other channels, pairs, transparency, formats, links."""

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from genlab.apps.command import main as door
from genlab.contracts import GenlabError
from genlab.runs.load import load

from making import ramp
from photographs import CUT, SMALL

ONE_STEP = ["trainer.max_steps=1", "metrics=none", "callbacks=none", "logger=csv", "performance.allocator=false"]
ONE_STEP += ["trainer.accelerator=cpu", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"]
SIZES = ["data.load_size=36", "data.crop_size=32"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Tiny models after one step: of colour to grey, of twelve bits, and of pairs side by side."""
    root = tmp_path_factory.mktemp("odd")
    for i in range(6):
        for side in "AB":
            (root / "domains" / side).mkdir(parents=True, exist_ok=True)
            (root / "deep" / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(ramp(40, 40, 30 * i)).save(root / "domains" / side / f"{i}.png")
            values = np.random.default_rng(i).integers(0, 4096, (40, 40)).astype(np.uint16)
            Image.fromarray(values).save(root / "deep" / side / f"{i}.png")
        (root / "pairs").mkdir(exist_ok=True)
        Image.fromarray(ramp(80, 40, 30 * i)).save(root / "pairs" / f"{i}.png")
    cyclegan = ["model=cyclegan", *SMALL["cyclegan"], "model.lambda_identity=0", "data=unpaired_folders"]
    chosen = {
        "sides": [*cyclegan, f"data.path={root}/domains", "data.channels_b=1", *CUT],
        "twelve": [*cyclegan, f"data.path={root}/deep", "data.range=4095", *CUT],
        "halves": ["model=pix2pix", *SMALL["pix2pix"], "data=paired_image", f"data.path={root}/pairs", *CUT],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLAB_CACHE", str(root / "cache"))
        for name, options in chosen.items():
            assert door.run("train", [*options, *ONE_STEP, f"paths.runs={root}/runs", f"name={name}", "run_id=a"]) == 0
    return {name: root / "runs" / name / "a" for name in chosen}


@pytest.fixture
def translate(runs, tmp_path, capfd):
    """``translate("sides", …)`` translates ``tmp_path/in`` to ``tmp_path/out``; what is printed."""

    def run(model, *overrides):
        (tmp_path / "in").mkdir(exist_ok=True)
        places = [f"ckpt={runs[model]}", f"input={tmp_path}/in", f"output={tmp_path}/out", "device=cpu"]
        assert door.run("translate", [*places, *overrides]) == 0
        return capfd.readouterr().err

    return run


@pytest.fixture
def source(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_each_way_gives_the_channels_of_its_target(translate, source, tmp_path):
    Image.fromarray(ramp(24, 20)).save(source / "colour.png")
    Image.fromarray(ramp(24, 20)[..., 0]).save(source / "grey.png")
    said = translate("sides")
    assert {Image.open(tmp_path / "out" / f"{name}.png").mode for name in ("colour", "grey")} == {"L"}
    assert "1 of 2: grey in: widened to colour" in said
    said = translate("sides", "direction=BtoA")
    assert {Image.open(tmp_path / "out" / f"{name}.png").mode for name in ("colour", "grey")} == {"RGB"}
    assert "1 of 2: colour in: the model was trained on grey" in said


def test_the_range_of_the_training_set_is_that_of_a_translation(translate, runs, source, tmp_path):
    values = np.random.default_rng(0).integers(0, 4096, (20, 24)).astype(np.uint16)
    Image.fromarray(values).save(source / "a.png")
    tifffile.imwrite(source / "b.tif", values)
    translate("twelve")
    x = torch.from_numpy(values.astype(np.float32) / 4095)[None, None]
    made = load(runs["twelve"]).translate(x, "AtoB")[0, 0].numpy().astype(np.float64)
    for seen in (np.asarray(Image.open(tmp_path / "out" / "a.png")), tifffile.imread(tmp_path / "out" / "b.tif")):
        assert np.array_equal(seen, np.rint(made * 4095))


def test_pairs_side_by_side_are_recognised(translate, source):
    Image.fromarray(ramp(40, 20)).save(source / "pair.png")
    Image.fromarray(ramp(20, 20)).save(source / "single.png")
    assert "1 of 2: twice as wide as high, like the pairs" in translate("halves")
    assert "twice as wide" not in translate("sides")


def test_formats_that_are_not_written_links_and_other_files(translate, source, tmp_path):
    Image.fromarray(ramp(24, 20)).convert("P").save(source / "a.gif")
    Image.fromarray(ramp(24, 20)).save(tmp_path / "elsewhere.jpg")
    (source / "linked.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    (source / "lost").symlink_to(tmp_path / "nowhere")
    np.save(source / "x.npy", np.zeros(3))
    said = translate("sides")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.gif.png", "linked.jpg", "sheet.png"}
    for words in ("left alone: 1 .npy", "links that point nowhere: lost", ".gif is not written: a PNG"):
        assert words in said


def test_large_pictures_have_a_key(runs, source, tmp_path):
    Image.fromarray(ramp(60, 50)).save(source / "a.png")
    places = [f"ckpt={runs['sides']}", f"input={source}", f"output={tmp_path}/out", "device=cpu"]
    with pytest.raises(GenlabError, match=r"60x50 are 3,000 pixels, more than data\.max_pixels=2999"):
        door.run("translate", [*places, "data.max_pixels=2999", "data.on_error=stop"])
    for memory in ("direct", "strips", "tiles"):
        assert door.run("translate", [*places, "data.max_pixels=3000", f"memory={memory}"]) == 0


def test_an_identity_loss_between_sides_of_other_channels_is_refused(runs, tmp_path):
    own = ["model=cyclegan", *SMALL["cyclegan"], "data=unpaired_folders", "data.channels_b=1", *CUT, *ONE_STEP]
    place = [f"data.path={runs['sides'].parents[2]}/domains", f"paths.runs={tmp_path}/runs"]
    with pytest.raises(GenlabError, match=r"model\.lambda_identity: compares images of 3 and of 1 channels"):
        door.run("train", [*own, *place, "model.lambda_identity=0.5"])
    assert not (tmp_path / "runs").exists()
