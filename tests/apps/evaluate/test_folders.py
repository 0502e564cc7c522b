"""Two folders of images: the numbers of the same images as data sets, whatever the files; and what cannot be compared."""

import csv
import json

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.apps.evaluate import folders
from genlab.contracts import GenlabError
from genlab.metrics.extractors import folder_features, kept
from genlab.metrics.extractors import real_features as reals
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.folder_features import FolderFeatures
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID
from genlab.metrics.reconstruction import psnr, ssim
from genlab.models.base.tf32 import tf32


def numbers(count, seed=0, shape=(16, 16, 3)):
    """Smooth pictures, uint8 [count, H, W, C] or [count, H, W]."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, *shape[2:]), dtype=np.uint8)
    return small.repeat(shape[0] // 4, 1).repeat(shape[1] // 4, 2)


def write(folder, arrays, ending="png"):
    """Pictures as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:03}.{ending}")
    return folder


@pytest.fixture
def two(tmp_path):
    """Folders ``a``, of 12 pictures, and ``b``, of 20 others."""
    return write(tmp_path / "a", numbers(12)), write(tmp_path / "b", numbers(20, 1))


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """The arguments of a comparison by random features, with places of its own."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    own = ["metrics.extractor=random", f"paths.runs={tmp_path}/runs", "performance.allocator=false", "device=cpu"]
    own += ["metrics.bootstrap=0"]
    return lambda a, b, *overrides: [f"a={a}", f"b={b}", *own, *overrides]


@pytest.fixture
def evaluate(typed, tmp_path):
    """``evaluate(a, b, …)``: the summary."""

    def run(a, b, *overrides):
        assert door.run("evaluate", typed(a, b, f"output={tmp_path}/out", *overrides)) == 0
        return json.loads((tmp_path / "out" / "summary.json").read_text())

    return run


@pytest.fixture
def refused(typed, tmp_path):
    """``refused(a, b, …)``: the message with which nothing is made."""

    def run(a, b, *overrides):
        before = sorted(path for path in tmp_path.iterdir() if path.name != "cache")
        with pytest.raises(GenlabError) as error:
            door.run("evaluate", typed(a, b, *overrides))
        assert error.value.exit_code == 2
        assert [path for path in sorted(tmp_path.iterdir()) if path.name != "cache"] == before
        return str(error.value)

    return run


@pytest.fixture
def pictures(composed, typed):
    """``pictures(a, b, …)``: what is read of both."""
    return lambda *given: folders.pictures_of(composed(*typed(*given), command="evaluate"))


# ---- one truth --------------------------------------------------------------------------------------------------------


def test_a_folder_has_the_features_of_the_same_images_as_a_data_set(two, tmp_path, pictures, composed):
    """Of many sizes, resized, grey among colour, in sub-folders."""
    root = tmp_path / "set" / "test"
    for i, array in enumerate((*numbers(6, 2, (24, 32, 3)), *numbers(5, 3, (40, 20, 3)), *numbers(3, 4, (20, 20)))):
        write(root / "x" / str(i % 2), [array]).joinpath("000.png").rename(root / "x" / str(i % 2) / f"{i + 100}.png")
    write(tmp_path / "set" / "train" / "x" / "y", numbers(6, 5))
    prepared = prepare(composed("data=folder", f"data.path={tmp_path}/set", "data.image_size=16"))
    extractor = random_features((3, 16, 16))
    of_set = RealFeatures(prepared, "test", extractor, tmp_path)
    of_folder = FolderFeatures(pictures(two[0], root, "size=16")[1], extractor, tmp_path)
    assert len(of_folder) == len(of_set) == 14
    assert torch.equal(of_folder.features, of_set.features)


def test_the_distances_are_those_of_the_images_themselves(two, evaluate):
    extractor, cpu = random_features((3, 16, 16)), torch.device("cpu")
    images = [torch.from_numpy(numbers(*given)).permute(0, 3, 1, 2) / 255 for given in ((12,), (20, 1))]
    fake, real = (FeatureSet(extractor(x)) for x in images)
    summary = evaluate(*two)
    expected = FID()(real, fake, cpu)["fid"]
    assert summary["metrics"]["fid_random_12_vs_20"] == pytest.approx(expected, rel=1e-6)
    assert summary["counts"]["fid_random_12_vs_20"], summary["counts"]["fid_random_12_vs_20_real"] == (12, 20)
    assert (summary["a"]["images"], summary["b"]["images"]) == (12, 20)


def test_equal_images_are_at_no_distance(two, tmp_path, evaluate):
    summary = evaluate(two[1], two[1])
    apart = evaluate(*two)["metrics"]["fid_random_12_vs_20"]
    assert summary["metrics"]["fid_random_20"] < min(1e-6, 1e-6 * apart)
    assert any("the same folder" in note for note in summary["notes"])
    copied = write(tmp_path / "copied" / "deep", numbers(20, 1), "bmp").parent
    again = evaluate(copied, two[1])
    assert again["metrics"]["fid_random_20"] < 1e-6 * apart
    assert again["a"]["digest"] == again["b"]["digest"] == summary["b"]["digest"]
    assert "20 different images are in both a and b, pixel for pixel" in again["notes"]


def test_every_measure_of_two_sets_is_there_and_no_other(two, evaluate):
    both = evaluate(*two)["metrics"]
    assert {name.split("_")[0] for name in both} >= {"fid", "kid"}
    assert "fid_random_12_vs_20" not in evaluate(*two, "metrics.fid=null")["metrics"]
    assert evaluate(*two, "metrics=[default,evaluation,fid_train]")["metrics"] == both  # there is no training part


def test_error_bars_stand_beside_the_numbers(two, tmp_path, evaluate):
    metrics = evaluate(write(tmp_path / "made", numbers(24, 5)), two[1], "metrics.bootstrap=4")["metrics"]
    for name in ("fid_random_24_vs_20_se", "recall_random_24_vs_20_se"):
        assert metrics[name] > 0


def test_precision_asks_of_the_generated_images_and_recall_of_the_real_ones(two, tmp_path, evaluate):
    """Dark images only, where the real ones are dark and bright: each looks real, and half of what is real is missing."""
    dark = numbers(20, 1) // 8
    real = write(tmp_path / "real", [*dark[:10], *255 - dark[10:]])
    metrics = evaluate(write(tmp_path / "dark", dark[:10]), real)["metrics"]
    assert metrics["precision_random_10_vs_20"] == 1
    assert metrics["recall_random_10_vs_20"] == 0.5


def test_no_feature_of_a_folder_is_computed_in_tf32(two, evaluate, monkeypatch):
    seen, forward = set(), Extractor.forward
    monkeypatch.setattr(Extractor, "forward", lambda self, x: seen.add(tf32()) or forward(self, x))
    evaluate(*two, "performance.tf32=true")
    assert seen == {(False, False)}


def test_measures_are_told_which_images_are_generated(two, typed, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(FID, "__call__", lambda self, real, fake, device: asked.append((real, fake)) or {"fid": 1.0})
    door.run("evaluate", typed(*two))
    ((real, fake),) = asked
    assert (len(real), len(fake)) == (20, 12)
    (place,) = (tmp_path / "runs" / "evaluate" / "a-b").iterdir()
    assert json.loads((place / "summary.json").read_text())["metrics"]["fid_random_12_vs_20"] == 1.0
    with open(place / "tables" / "metrics.csv", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["metric"], row["value"], row["generated"], row["real"]) == ("fid_random_12_vs_20", "1.0", "12", "20")
    assert row["standard_error"] == ""


def test_images_of_the_same_names_are_compared_in_pairs(two, tmp_path, evaluate):
    noisy = numbers(20, 1).astype(int) + np.random.default_rng(3).integers(-20, 20, (20, 16, 16, 3))
    made = write(tmp_path / "made", noisy.clip(0, 255).astype(np.uint8), "bmp")
    summary = evaluate(made, two[1])
    x, y = (
        torch.from_numpy(np.stack([np.asarray(Image.open(p)) for p in sorted(one.iterdir())])) for one in (made, two[1])
    )
    x, y = (one.permute(0, 3, 1, 2) / 255 for one in (x, y))
    for name, values in (("psnr", psnr(x, y)), ("ssim", ssim(x, y))):
        assert summary["metrics"][name] == pytest.approx(values.mean().item(), rel=1e-9)
    assert any("in pairs" in note for note in summary["notes"])
    assert evaluate(made, two[1])["metrics"] == summary["metrics"]
    assert "psnr" not in evaluate(*two)["metrics"]
    assert "psnr" not in evaluate(made, two[1], "metrics.pairs=null")["metrics"]
    (two[1] / "004.png").write_bytes((two[1] / "004.png").read_bytes()[:60])
    summary = evaluate(made, two[1], "data.on_error=skip")
    assert "psnr" not in summary["metrics"]
    assert "no pairs" in summary["notes"][-1]


# ---- kept -------------------------------------------------------------------------------------------------------------


def test_a_second_comparison_reads_no_picture(two, evaluate, monkeypatch):
    first = evaluate(*two)
    monkeypatch.setattr(folder_features.FolderFeatures, "batch", lambda *_: pytest.fail("looked again"))
    again = evaluate(*two)
    for part in ("metrics", "counts", "notes", "a", "b"):
        assert again[part] == first[part]


def test_a_kill_costs_one_batch_of_a_folder(two, tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    monkeypatch.setattr(reals, "CHUNK_BYTES", 4 * 3 * 16 * 16 * 5)
    extractor, one, seen = random_features((3, 16, 16)), pictures(*two)[0], []
    whole = FolderFeatures(one, extractor, tmp_path / "whole").kept
    batch = FolderFeatures.batch

    def until_killed(self, rows):
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(rows)
        return batch(self, rows)

    monkeypatch.setattr(FolderFeatures, "batch", until_killed)
    with pytest.raises(KeyboardInterrupt):
        FolderFeatures(one, extractor, tmp_path / "killed").ensure()
    again = []
    monkeypatch.setattr(FolderFeatures, "batch", lambda self, rows: again.append(rows) or batch(self, rows))
    found = FolderFeatures(one, extractor, tmp_path / "killed").kept
    assert (seen, again) == ([range(5)], [range(5, 10), range(10, 12)])
    assert torch.equal(found["features"], whole["features"])
    assert found["digests"] == whole["digests"]


def test_features_of_a_folder_are_of_its_files_and_of_how_they_are_read(two, tmp_path, pictures):
    extractor, places = random_features((3, 16, 16)), set()

    def place(*overrides, net=extractor):
        places.add(FolderFeatures(pictures(*two, *overrides)[0], net, tmp_path).path)
        return len(places)

    assert place() == place("data.max_pixels=300") == 1
    changes = ("size=16", "size=12", "size=16x12", "data.channels=1", "data.resample=nearest", "data.on_error=skip")
    assert [place(change) for change in changes] == [2, 3, 4, 5, 6, 7]
    assert place("data.range=[0,1]") == 8
    assert place(net=random_features((3, 20, 20))) == 9
    Image.fromarray(numbers(1, 9)[0]).save(two[0] / "003.png", compress_level=1)
    assert place() == 10


# ---- files as people have them ----------------------------------------------------------------------------------------


def test_size_is_height_by_width_and_crops_the_middle(two, pictures):
    square, wide = (pictures(*two, key)[0] for key in ("size=8", "size=8x16"))
    assert (square.shape, wide.shape) == ((3, 8, 8), (3, 8, 16))
    (image, *_), _ = wide.rows(range(1))
    assert image.shape == (3, 8, 16)
    np.testing.assert_array_equal(image, numbers(1)[0, 4:12].transpose(2, 0, 1))


def test_grey_is_compared_with_colour_where_it_is_asked_for(two, tmp_path, evaluate):
    grey = write(tmp_path / "grey", numbers(10, 2, (16, 16)))
    for channels in (1, 3):
        assert evaluate(grey, two[1], f"data.channels={channels}")["a"]["shape"] == [channels, 16, 16]


def test_files_that_cannot_be_read_are_left_out_and_named_where_it_is_asked_for(two, evaluate):
    whole = (two[0] / "004.png").read_bytes()
    (two[0] / "004.png").write_bytes(whole[: len(whole) // 2])  # its header is sound
    (two[0] / "005.png").write_bytes(b"nothing")
    summary = evaluate(*two, "data.on_error=skip")
    assert sorted(summary["a"]["skipped"]) == ["004.png", "005.png"]
    assert "fid_random_10_vs_20" in summary["metrics"]
    assert "a: left out, as they cannot be read: 005.png, 004.png" in summary["notes"]


def test_what_is_odd_in_a_folder_is_said(two, evaluate):
    write(two[0] / "train", numbers(3))
    (two[0] / "notes.txt").write_text("")
    notes = evaluate(*two)["notes"]
    assert "a: left alone: 1 .txt" in notes
    assert f"a: the images of train are taken together; one alone: {two[0]}/train" in notes
    assert "a: 3 of 15 images are repetitions of another one in it" in notes
    assert any("15 images, fewer than the 128 features" in note for note in notes)
    assert any(note.startswith("random features") for note in notes)


def test_deep_files_are_read_as_a_data_set_reads_them(two, tmp_path, evaluate, refused):
    deep = tmp_path / "deep"
    deep.mkdir()
    for i, array in enumerate(numbers(8, 3)):
        tifffile.imwrite(deep / f"{i}.tif", array.astype(np.uint16) * 257, photometric="rgb")
    same = write(tmp_path / "same", numbers(8, 3))
    summary = evaluate(deep, same)
    assert summary["a"]["digest"] == summary["b"]["digest"]
    tifffile.imwrite(deep / "9.tif", np.full((16, 16, 3), np.nan, np.float32), photometric="rgb")
    for key in ("data.range=null", "data.range=[0,1]"):
        assert "NaN" in refused(deep, same, key)


# ---- refused ----------------------------------------------------------------------------------------------------------


def test_what_is_no_folder_of_images_is_refused(two, tmp_path, refused):
    a, b = two
    (tmp_path / "empty").mkdir()
    one = write(tmp_path / "one", numbers(1))
    assert f"Did you mean b={tmp_path}/b ?" in refused(a, tmp_path / "bb")
    assert "there is no such folder. Type: b=DIR" in refused(a, "/nowhere/at/all")
    assert f"is a file. Give the folder of the images: a={a}" in refused(a / "000.png", b)
    assert "there is no picture" in refused(a, tmp_path / "empty")
    assert "b=" in refused(a, tmp_path / "empty")
    assert "there is 1 picture" in refused(one, b)
    (a / "003.png").write_bytes(b"nothing")
    assert "003.png cannot be read" in refused(a, b)
    assert "data.on_error=skip" in refused(a, b)


def test_files_that_are_damaged_behind_their_headers_are_refused(two, refused):
    for path in sorted(two[0].iterdir())[1:]:
        path.write_bytes(path.read_bytes()[:60])
    assert "data.on_error=skip" in refused(*two)
    assert "1 of its 12 pictures can be read" in refused(*two, "data.on_error=skip")


def test_images_that_differ_by_their_form_are_refused(two, tmp_path, refused):
    a, b = two
    larger = write(tmp_path / "larger", numbers(3, 2, (32, 24, 3)))
    grey = write(tmp_path / "grey", numbers(3, 2, (16, 16)))
    said = refused(a, larger)
    assert "16 x 16" in said
    assert "24 x 32" in said
    assert "Type: size=16 " in said
    assert "Type: size=32x24 " in refused(larger, b)
    said = refused(grey, b)
    assert f"the images of a={grey} are grey, those of b={b} have colour" in said
    assert "data.channels=1" in said
    Image.fromarray(numbers(1, 2, (8, 8, 3))[0]).save(a / "x.png")
    said = refused(a, b)
    assert "2 sizes (12 of 16 x 16, 1 of 8 x 8)" in said
    assert "Type: size=8 " in said


def test_keys_of_another_use_are_refused(two, tmp_path, refused):
    a, b = two
    for key in ("split=val", "split=test", "data.path=x", "metrics.test_samples=100"):
        assert key.partition("=")[0] in refused(a, b, key)
    assert "not both at once" in refused(a, b, "ckpt=x")
    assert "data.range=[BLACK,WHITE]" in refused(a, b, "data.range=set")
    assert "metrics=default" in refused(a, b, "metrics=none")
    assert "a=DIR" in refused("null", b)
    assert "b=DIR" in refused(a, "null")
    for key in ("size=8", "data.channels=3"):
        assert "for two folders" in refused("null", "null", "ckpt=x", key)
    assert "cannot be written" in refused(a, b, f"output={a}/000.png/x")


def test_an_extractor_must_be_there_or_be_named(two, refused):
    assert "metrics.extractor=random" in refused(*two, "metrics.extractor=auto")
    assert "no labels" in refused(*two, "metrics.extractor=classifier")
    assert "there is no" in refused(*two, "metrics.extractor=inception")


def test_a_check_measures_nothing(two, typed, tmp_path, capsys):
    assert door.run("evaluate", typed(*two, "check_only=true")) == 0
    said = capsys.readouterr().err
    assert f"a={two[0]}  12 images, 16 x 16, colour" in said
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "cache" / "features").exists()
