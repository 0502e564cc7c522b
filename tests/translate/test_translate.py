"""Pictures through a checkpoint as users do it: names, depth, what cannot be read, what is refused."""

import os
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from PIL import Image

import untrained
from genlab.apps.command import main as door
from genlab.contracts import GenlabError
from genlab.models.base.model import Model
from genlab.runs.load import load
from genlab.translate import run as translation

from making import picture, ramp
from photographs import BEYOND, CUT, SMALL

ONE_STEP = ["trainer.max_steps=1", "metrics=none", "callbacks=none", "logger=csv", "performance.allocator=false"]
ONE_STEP += ["trainer.accelerator=cpu", "data.limit=8", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"]


@pytest.fixture(scope="module")
def runs(folders, data_root, cache, tmp_path_factory):
    """Run directories of tiny models after one step."""
    root = tmp_path_factory.mktemp("runs")
    domains = [
        "model=cyclegan",
        *SMALL["cyclegan"],
        "data=unpaired_folders",
        f"data.path={folders['unpaired_folders']}",
        *CUT,
    ]
    pairs = ["model=pix2pix", *SMALL["pix2pix"], "data=paired_folders", f"data.path={folders['paired_folders']}", *CUT]
    chosen = {
        "cyclegan": domains,
        "grey": [*domains, "data.channels=1"],
        "pix2pix": pairs,
        "beyond": [*domains, *BEYOND],
        "vae": ["model=vae", "data=digits", "model.latent_dim=2"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLAB_DATA", str(data_root))
        patch.setenv("GENLAB_CACHE", str(cache))
        for name, options in chosen.items():
            assert door.run("train", [*options, *ONE_STEP, f"paths.runs={root}", f"name={name}", "run_id=a"]) == 0
    return {name: root / name / "a" for name in chosen}


@pytest.fixture
def translate(runs, tmp_path):
    """``translate("cyclegan", …)`` translates ``tmp_path/in`` to ``tmp_path/out``; the exit code."""

    def run(model, *overrides):
        usual = [f"ckpt={runs.get(model, model)}", f"input={tmp_path}/in", f"output={tmp_path}/out", "device=cpu"]
        given = {override.partition("=")[0] for override in overrides}
        return door.run("translate", [*(o for o in usual if o.partition("=")[0] not in given), *overrides])

    return run


def expected(run, array, direction="AtoB"):
    """What the model makes of uint8 [H, W, 3] or [H, W], as a file has it."""
    x = torch.from_numpy(np.array(array)).float().reshape(*array.shape[:2], -1).permute(2, 0, 1)[None] / 255
    made = load(run).translate(x, direction)[0].permute(1, 2, 0).numpy()
    return np.rint(made.astype(np.float64) * 255).astype(np.uint8)


def seen(path):
    return np.asarray(Image.open(path))


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_both_directions_of_every_picture_under_its_own_name(direction, translate, runs, tmp_path):
    for place, size in {"a.png": (33, 21), "b c/a.png": (12, 40), "thin.png": (1, 50), "one.bmp": (1, 1)}.items():
        picture(tmp_path / "in" / place, ramp(*size))
    assert translate("cyclegan", f"direction={direction}") == 0
    assert names(tmp_path / "out") == sorted([*names(tmp_path / "in"), "sheet.png"])
    for name in names(tmp_path / "in"):
        assert np.array_equal(
            seen(tmp_path / "out" / name), expected(runs["cyclegan"], seen(tmp_path / "in" / name), direction)
        )


def test_the_place_where_nothing_is_said_is_in_the_run(translate, runs, tmp_path):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    assert translate("cyclegan", "output=null") == 0
    (stamp,) = (runs["cyclegan"] / "translate").iterdir()
    assert names(stamp) == ["a.png", "sheet.png"]


def test_one_file_and_a_picture_named_like_the_sheet(translate, runs, tmp_path):
    picture(tmp_path / "in" / "sheet.png", ramp(20, 20))
    assert translate("cyclegan", f"input={tmp_path}/in/sheet.png") == 0
    assert names(tmp_path / "out") == ["sheet-2.png", "sheet.png"]
    assert np.array_equal(seen(tmp_path / "out" / "sheet.png"), expected(runs["cyclegan"], ramp(20, 20)))


def test_sixteen_bits_reach_the_network_and_the_file(translate, runs, tmp_path):
    values = np.arange(0, 65_536, 64, np.uint16).reshape(32, 32)
    for name in ("a.png", "b.tif"):
        picture(tmp_path / "in" / name, values)
    assert translate("grey") == 0
    made = load(runs["grey"]).translate(torch.from_numpy(values.astype(np.float32) / 65_535)[None, None], "AtoB")
    for name in ("a.png", "b.tif"):
        found = seen(tmp_path / "out" / name)
        assert found.dtype == np.uint16
        assert np.array_equal(found, np.rint(made[0, 0].double().numpy() * 65_535))
        assert len(np.unique(found % 257)) > 100  # more than 8 bits, spread out


def test_grey_pictures_and_models_of_colour_and_the_other_way_round(translate, runs, tmp_path, capfd):
    grey = np.asarray(Image.fromarray(ramp(20, 24)).convert("L"))
    picture(tmp_path / "in" / "grey.png", grey)
    assert translate("cyclegan") == 0
    assert np.array_equal(seen(tmp_path / "out" / "grey.png"), expected(runs["cyclegan"], np.dstack([grey] * 3)))
    picture(tmp_path / "in" / "colour.png", ramp(20, 24))
    assert translate("grey") == 0
    assert np.array_equal(seen(tmp_path / "out" / "colour.png"), expected(runs["grey"], grey)[..., 0])
    said = capfd.readouterr().err
    assert "1 of 1: grey in: widened to colour" in said
    assert "1 of 2: colour in: the model was trained on grey" in said


def test_a_palette_with_transparency_keeps_its_transparency(translate, tmp_path):
    palette = Image.fromarray(ramp(16, 16)).convert("P")
    (tmp_path / "in").mkdir()
    palette.save(tmp_path / "in" / "a.png", transparency=int(np.asarray(palette)[0, 0]))
    assert translate("cyclegan") == 0
    made, source = Image.open(tmp_path / "out" / "a.png"), Image.open(tmp_path / "in" / "a.png").convert("RGBA")
    assert made.mode == "RGBA"
    assert np.array_equal(np.asarray(made)[..., 3], np.asarray(source)[..., 3])


def test_a_corrupt_file_is_named_and_the_rest_is_done(translate, tmp_path, capfd):
    for i in range(3):
        picture(tmp_path / "in" / f"{i}.png", ramp(20, 20, i))
    whole = (tmp_path / "in" / "1.png").read_bytes()
    (tmp_path / "in" / "1.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.jpg").write_bytes(b"")
    assert translate("cyclegan", "batch_size=2") == 3
    assert names(tmp_path / "out") == ["0.png", "2.png", "sheet.png"]
    said = capfd.readouterr().err
    assert f"skipped   {tmp_path}/in/1.png" in said
    assert "empty.jpg" in said
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(GenlabError, match=r"1\.png cannot be read.*data\.on_error=skip") as caught:
        translate("cyclegan", "data.on_error=stop")
    assert caught.value.exit_code == 2
    assert names(tmp_path / "out") == ["0.png"]


@pytest.mark.parametrize("model", ["cyclegan", "pix2pix"])
def test_a_picture_s_translation_does_not_depend_on_the_others(model, translate, tmp_path):
    for i in range(3):
        picture(tmp_path / "in" / f"{i}.png", ramp(32, 32, 80 * i))
    assert translate(model, "batch_size=3") == 0
    assert translate(model, f"input={tmp_path}/in/2.png", f"output={tmp_path}/alone") == 0
    together, alone = seen(tmp_path / "out" / "2.png").astype(int), seen(tmp_path / "alone" / "2.png").astype(int)
    assert abs(together - alone).max() <= (model == "cyclegan")  # a batch is summed in another order: one level, seldom


def test_with_dropout_every_picture_gets_the_masks_that_it_gets_alone(composed, folders, tmp_path, capfd):
    deeper = ["model.generator.num_downs=6", "data.load_size=64", "data.crop_size=64"]  # five halvings have no dropout
    chosen = ["model=pix2pix", *SMALL["pix2pix"], "data=paired_folders", f"data.path={folders['paired_folders']}"]
    run = untrained.saved(composed(*chosen, *deeper), tmp_path / "run")
    assert any(isinstance(layer, torch.nn.Dropout) for layer in load(run).modules())
    for i in range(2):
        picture(tmp_path / "in" / f"{i}.png", ramp(64, 64, 80 * i))
    places = [f"ckpt={run}", f"input={tmp_path}/in", f"output={tmp_path}/out", "device=cpu"]
    assert door.run("translate", [*places, "batch_size=2"]) == 0
    assert "batch_size=1: with dropout" in capfd.readouterr().err
    for i in range(2):
        made = expected(run, seen(tmp_path / "in" / f"{i}.png"))
        assert np.array_equal(seen(tmp_path / "out" / f"{i}.png"), made)


def test_pictures_that_only_lie_alike_go_together(translate, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(tmp_path / "in" / "a.png", ramp(20, 12))
    Image.fromarray(ramp(20, 12)).save(tmp_path / "in" / "b.png", exif=exif)
    assert translate("cyclegan", "batch_size=2") == 0
    assert [Image.open(tmp_path / "out" / name).size for name in ("a.png", "b.png")] == [(20, 12), (12, 20)]


@pytest.mark.parametrize("model", ["cyclegan", "pix2pix"])
def test_strips_give_the_same_and_is_taken_for_large_pictures(model, translate, tmp_path, monkeypatch):
    picture(tmp_path / "in" / "a.png", ramp(70, 41))
    made = {}
    for way in ("direct", "strips", "tiles"):
        assert translate(model, f"memory={way}", f"output={tmp_path}/{way}") == 0
        made[way] = seen(tmp_path / way / "a.png").astype(int)
    assert abs(made["direct"] - made["strips"]).max() <= 1
    taken = []
    monkeypatch.setattr(translation, "InStrips", lambda net, progress: taken.append(net) or net)
    monkeypatch.setattr(translation, "LARGE", 2_000)
    assert translate(model) == 0
    assert taken


@pytest.mark.parametrize("memory", ["auto", "tiles"])
def test_a_network_of_one_height_translates_that_height_and_names_a_picture_of_another(memory, translate, tmp_path):
    picture(tmp_path / "in" / "fits.png", ramp(50, 32))
    assert translate("beyond", f"memory={memory}") == 0
    assert Image.open(tmp_path / "out" / "fits.png").size == (50, 32)
    picture(tmp_path / "in" / "other.png", ramp(50, 33))
    with pytest.raises(
        GenlabError, match=r"other.png: the generator takes images of 32 rows, and this one has 33"
    ) as error:
        translate("beyond", f"memory={memory}", f"output={tmp_path}/again")
    assert error.value.exit_code == 2


@pytest.mark.parametrize("way", ["direct", "strips", "tiles"])
def test_the_bar_ends_at_the_number_of_pictures_and_moves_inside_a_large_one(way, translate, tmp_path, monkeypatch):
    moves = []
    monkeypatch.setattr(translation, "progress", lambda *_, **__: nullcontext(moves.append))
    picture(tmp_path / "in" / "a.png", ramp(600, 41))
    picture(tmp_path / "in" / "b.png", ramp(8, 8))
    (tmp_path / "in" / "c.png").write_bytes(b"no picture")
    assert translate("cyclegan", f"memory={way}") == 3
    assert sum(moves) == pytest.approx(3)
    assert {"direct": 2, "strips": 40, "tiles": 4}[way] <= sum(move > 1e-9 for move in moves)


def test_check_only_writes_nothing(translate, tmp_path, capfd):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    assert translate("cyclegan", "check_only=true") == 0
    assert "all checks passed" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


# what is typed beside the usual words, and the words that must be in the message; {} is the test's folder
MISTAKES = {
    "pix2pix direction=BtoA": ["direction=BtoA", "Type: direction=AtoB"],
    "vae": ["is a VAE, which does not translate", "model=cyclegan"],
    "/nowhere": ["ckpt=/nowhere", "does not exist"],
    "cyclegan input={}/nowhere": ["there is no such file or folder"],
    "cyclegan input={}/empty": ["there is no picture"],
    "cyclegan input={}/in/notes.txt": ["is no picture or sound that can be read", "PNG", "FLAC"],
    "cyclegan output={}/in": ["is the input", "would be overwritten"],
    "cyclegan output={}/in/../in": ["is the input", "would be overwritten"],
    "cyclegan input={}/in/a.png output={}/in": ["would be overwritten", "output=DIR"],
    "cyclegan output={}/in/notes.txt": ["cannot be written"],
    "cyclegan output={}/in/notes.txt/x": ["cannot be written"],
    "cyclegan memory=fast": ["'strips'"],
    "cyclegan batch_size=0": ["at least 1"],
    "cyclegan device=cuda": ["there is none here", "device=cpu"],
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_and_leaves_nothing(mistake, translate, tmp_path):
    if "cuda" in mistake and torch.cuda.is_available():
        pytest.skip("there is one")
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    (tmp_path / "in" / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    before = names(tmp_path)
    with pytest.raises(GenlabError) as caught:
        translate(*mistake.replace("{}", str(tmp_path)).split())
    assert caught.value.exit_code == 2
    for words in MISTAKES[mistake]:
        assert words in str(caught.value), str(caught.value)
    assert names(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_message_and_leaves_no_half_a_picture(translate, tmp_path, monkeypatch):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GenlabError, match=r"a\.png: No space left on device") as caught:
        translate("cyclegan")
    assert caught.value.exit_code == 2
    assert names(tmp_path / "out") == []


def test_too_little_memory_says_which_way_takes_less(translate, tmp_path, monkeypatch):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    from genlab.models.cyclegan import CycleGAN

    through = CycleGAN.translate

    def hungry(self: Model, x, direction):
        if x.shape[-1] > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes.")
        return through(self, x, direction)

    monkeypatch.setattr(CycleGAN, "translate", hungry)
    with pytest.raises(GenlabError, match="Type: memory=strips"):
        translate("cyclegan", "memory=direct")


def test_what_lies_in_an_output_below_the_input_is_not_translated_again(translate, tmp_path):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    for _ in range(2):
        assert translate("cyclegan", f"output={tmp_path}/in/made") == 0
    assert names(tmp_path / "in") == ["a.png", "made/a.png", "made/sheet.png"]
