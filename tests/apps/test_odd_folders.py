"""Folders as people have them, through prepare and train: what is used, what is said, what is refused."""

import csv
import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from genlab.apps.command import main as door
from genlab.contracts import DataError, GenlabError

ONE_STEP = ["trainer.max_steps=1", "metrics=none", "callbacks=none", "logger=csv", "performance.allocator=false"]
ONE_STEP += ["trainer.accelerator=cpu", "model=ae", "model.latent_dim=2", "data.image_size=16", "data.batch_size=4"]


def blocks(path, seed, grey=False, side=16):
    """A picture of random squares."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)
    Image.fromarray(small.repeat(4, 0).repeat(4, 1)).convert("L" if grey else "RGB").save(path)


def skipped(run):
    with open(run / "tables" / "skipped.csv", newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


@pytest.fixture
def prepare(tmp_path, monkeypatch, capfd):
    """``prepare("data.on_error=skip")`` of ``tmp_path/set``; what is printed."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))

    def run(*overrides, data="folder"):
        size = ["data.image_size=16"] if data == "folder" else ["data.load_size=16", "data.crop_size=16"]
        assert door.run("prepare", [f"data={data}", f"data.path={tmp_path}/set", *size, *overrides]) == 0
        return capfd.readouterr().out

    return run


@pytest.fixture
def train(tmp_path, monkeypatch, capfd):
    """``train("data.on_error=skip")`` for a step on ``tmp_path/set``; what is printed."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)

    def run(*overrides):
        place = [f"data.path={tmp_path}/set", f"paths.runs={tmp_path}/runs", "name=x", "run_id=a"]
        assert door.run("train", ["data=folder", *place, *ONE_STEP, *overrides]) == 0
        return capfd.readouterr().err

    return run


def test_a_linked_class_trains_and_a_link_to_nowhere_is_named(tmp_path, prepare, train):
    for i in range(12):
        blocks(tmp_path / "set" / "cats" / f"{i}.png", i)
        blocks(tmp_path / "elsewhere" / f"{i}.png", 100 + i)
    (tmp_path / "set" / "dogs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "lost").symlink_to(tmp_path / "nowhere")
    for said in (prepare(), train()):
        assert "note      links that point nowhere: lost" in said.replace("note       ", "note      ")
    assert ["dogs", "10", "1", "1"] in [line.split() for line in prepare().splitlines()]


def test_twelve_bits_in_sixteen_are_said_and_a_range_makes_them_bright(tmp_path, prepare, train):
    for i in range(12):
        values = np.random.default_rng(i).integers(0, 4096, (16, 16)).astype(np.uint16)
        values[0, :2] = (0, 4095)
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.fromarray(values).save(tmp_path / "set" / f"{i}.png")
    for said in (prepare(), train()):
        assert "12 of 12: more than 8 bits, taken as 8; the largest number is 4095 where white is 65535" in said
        assert "data.range=4095" in said
    for key in ("4095", "set", "[0,4095]"):
        assert "more than 8 bits, taken as 8; 0 is black and 4095 is white" in prepare(f"data.range={key}")
    with pytest.raises(GenlabError, match=r"data\.range=\[9,3\]: black, 9, must be below white, 3"):
        prepare("data.range=[9,3]")


def test_other_files_are_counted_by_their_endings(tmp_path, prepare, train):
    for i in range(12):
        blocks(tmp_path / "set" / f"{i}.png", i)
        blocks(tmp_path / "set" / f"g{i}.gif", i)
        blocks(tmp_path / "set" / f"p{i}.ppm", i)
        np.save(tmp_path / "set" / f"n{i}.npy", np.zeros(3))
    for said in (prepare(), train()):
        assert "left alone: 12 .npy" in said
    assert "counts     train 28   val 4   test 4" in prepare()


@pytest.mark.parametrize("coloured", [(1, 31), (38,), (0,)])
def test_one_file_in_colour_makes_a_colour_set(coloured, tmp_path, prepare):
    for i in range(40):
        blocks(tmp_path / "set" / f"{i:03}.png", i, grey=i not in coloured)
    said = prepare()
    assert "folder: images, 3x16x16" in said
    assert f"{40 - len(coloured)} of 40: grey among colour: widened to colour" in said


def test_a_name_that_is_not_utf_8_is_used_and_shown(tmp_path, prepare, train):
    for i in range(12):
        blocks(tmp_path / "set" / f"{i}.png", i)
    odd = os.fsencode(tmp_path / "set") + b"/caf\xe9.png"
    os.rename(os.fsencode(tmp_path / "set" / "0.png"), odd)
    assert "counts     train 10   val 1   test 1" in prepare(f"show={tmp_path}/sheet.png")
    train("name=y")
    with open(odd, "wb") as file:
        file.write(b"damaged")
    with pytest.raises(DataError, match=r"caf.*png cannot be read as a picture"):
        prepare()
    assert "unreadable 1: caf" in prepare("data.on_error=skip")
    train("name=z", "data.on_error=skip")
    assert skipped(tmp_path / "runs" / "z" / "a") == ["caf\\udce9.png"]


def test_every_skipped_file_has_its_row(tmp_path, train):
    damaged = [f"{i:02}.png" for i in range(4, 86, 9)]
    for i in range(86):
        blocks(tmp_path / "set" / f"{i:02}.png", i)
    for name in damaged:
        (tmp_path / "set" / name).write_bytes((tmp_path / "set" / name).read_bytes()[:60])
    assert "60 / 8 / 8 (train / val / test)" in train("data.on_error=skip")
    assert skipped(tmp_path / "runs" / "x" / "a") == damaged


def test_planes_of_sixteen_bits_train_as_the_nearest_level(tmp_path, prepare):
    values = np.random.default_rng(0).integers(0, 65_536, (16, 16, 3)).astype(np.uint16)
    (tmp_path / "set").mkdir()
    for i in range(6):
        planes = np.ascontiguousarray(np.roll(values, i, 0).transpose(2, 0, 1))
        tifffile.imwrite(tmp_path / "set" / f"{i}.tif", planes, photometric="rgb", planarconfig="separate")
    assert "6 of 6: more than 8 bits, taken as 8" in prepare()
    (store,) = (tmp_path / "cache" / "store").glob("folder-*/train.image")
    rows = np.fromfile(store, np.uint8).reshape(-1, 3, 16, 16)
    right = np.rint(values / 257).astype(np.uint8).transpose(2, 0, 1)
    assert any(np.array_equal(row, right) for row in rows)


def test_none_that_can_be_read_is_one_message(tmp_path, prepare):
    (tmp_path / "set").mkdir()
    for i in range(5):
        (tmp_path / "set" / f"{i}.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"\.png cannot be read as a picture"):
        prepare("data.on_error=skip")


def test_grey_targets_of_colour_inputs_can_stay_grey_and_what_is_widened_is_said(tmp_path, prepare):
    for i in range(16):
        blocks(tmp_path / "set" / "A" / f"{i}.png", i)
        blocks(tmp_path / "set" / "B" / f"{i}.png", 300 + i, grey=True)
    assert "16 of 32: grey among colour: widened to colour" in prepare(data="paired_folders")
    for key in ("data.channels_b=1", "data.channels_b=1 data.channels_a=3"):
        assert "widened" not in prepare(*key.split(), data="paired_folders")
    sizes = {(p.stat().st_size, p.with_name("train.b").stat().st_size) for p in (tmp_path / "cache").rglob("train.a")}
    assert sizes == {(12 * 3 * 256, 12 * 3 * 256), (12 * 3 * 256, 12 * 256)}


def test_single_pictures_given_as_pairs_are_recognised(tmp_path, prepare):
    for i in range(12):
        blocks(tmp_path / "set" / f"{i}.png", i)
    assert "12 of 12: as wide as high" in prepare(data="paired_image")


def test_pictures_that_stay_whole_are_held_against_the_networks_before_training(tmp_path, train):
    for side in "AB":
        for i in range(12):
            blocks(tmp_path / "set" / side / f"{i}.png", i, side=32 if i != 7 else 40)
    whole = [
        "model=pix2pix",
        "model.generator.num_downs=5",
        "data=paired_folders",
        "data.preprocess=none",
        "~data.image_size",
    ]
    sizes = ["data.batch_size=1", "~model.latent_dim"]
    options = [o for o in ONE_STEP if not o.startswith(("model", "data.image_size", "data.batch_size"))]
    place = [f"data.path={tmp_path}/set", f"paths.runs={tmp_path}/runs"]
    with pytest.raises(GenlabError, match=r"leaves A/7\.png at 40x40.*multiples of 32.*\(2 of 24 images\)"):
        door.run("train", [*whole[:-1], *place, *options, sizes[0]])
    assert not (tmp_path / "runs").exists()
