"""Pairs stay pairs: matched by name, cut and mirrored alike, in either direction."""

import numpy as np
import pytest
import torch

from genlab.contracts import ConfigError, DataError
from genlab.data.sets.paired_folders import PairedFolders, side_split_name
from genlab.data.sets.side_by_side import SideBySide
from genlab.data.store.module import StoreData

from making import SIDES, picture, ramp, side_by_side

COMMON = SIDES | {
    "direction": "AtoB", "preprocess": "resize_and_crop", "load_size": 40, "crop_size": 32, "hflip": True,
    "channels": None, "on_error": "stop", "batch_size": 4, "limit": None,
}  # fmt: skip


def one_file(path, **change):
    return SideBySide(**(COMMON | {"name": "paired_image", "path": str(path)} | change))


def two_folders(path, **change):
    return PairedFolders(**(COMMON | {"path": str(path)} | change))


class Training:
    """What the DataModule asks of a Trainer."""

    training, lightning_module, global_rank, world_size = True, None, 0, 1

    def __init__(self, epoch):
        self.current_epoch = epoch


def epochs(prepared, count, batch_size=4):
    """Every batch of some epochs, as a model gets them."""
    data = StoreData(prepared, batch_size, seed=0)
    loader = data.train_dataloader()
    for epoch in range(count):
        data.trainer = Training(epoch)
        yield [data.on_after_batch_transfer(batch, 0) for batch in loader]


@pytest.fixture
def halves(tmp_path):
    for i in range(12):
        side_by_side(tmp_path / "set" / "train" / f"{i}.png", i)
    for i in range(3):
        side_by_side(tmp_path / "set" / "val" / f"{i}.png", i)
        side_by_side(tmp_path / "set" / "test" / f"{i}.png", i)
    return tmp_path / "set"


@pytest.mark.parametrize("preprocess", ["resize_and_crop", "scale_width_and_crop", "crop"])
def test_pairs_stay_aligned_under_cut_and_mirror(halves, tmp_path, preprocess):
    prepared = one_file(halves, preprocess=preprocess).prepare(tmp_path, tmp_path / "cache")
    mirrored, corners = set(), set()
    for batches in epochs(prepared, 3):
        for a, b, _ in batches:
            assert a.shape == b.shape == (4, 3, 32, 32)
            torch.testing.assert_close(a, 1 - b, rtol=0, atol=2.5 / 255)  # bicubic rounds each half for itself
            mirrored |= set((a[:, 0, 0, 0] > a[:, 0, 0, -1]).tolist())
            corners |= set(zip(a[:, 0, 0, 0].tolist(), a[:, 1, 0, 0].tolist(), strict=True))
    assert mirrored == {True, False}
    assert len(corners) > 3


def test_the_direction_exchanges_input_and_target(halves, tmp_path):
    forth = one_file(halves).prepare(tmp_path, tmp_path / "cache")
    back = one_file(halves, direction="BtoA").prepare(tmp_path, tmp_path / "cache")
    assert forth.spec.digest == back.spec.digest
    assert len(list((tmp_path / "cache" / "store").glob("paired_image-*"))) == 1
    assert np.array_equal(forth.columns["val"]["a"], back.columns["val"]["b"])
    assert not np.array_equal(forth.columns["val"]["a"], back.columns["val"]["a"])


def test_evaluation_takes_the_middle_unmirrored_and_every_pair_once(halves, tmp_path):
    prepared = one_file(halves, preprocess="crop").prepare(tmp_path, tmp_path / "cache")
    (batch,) = StoreData(prepared, 4, seed=0).val_dataloader()
    assert batch.index.tolist() == [0, 1, 2]
    middle = ramp(60, 48, 1)[8:40, 14:46].transpose(2, 0, 1)
    assert np.array_equal(batch.a[1].numpy(), middle)


def test_a_published_set_without_a_test_part_is_tested_on_val(data_root, tmp_path):
    prepared = SideBySide(**(COMMON | {"name": "maps", "path": None})).prepare(data_root, tmp_path)
    assert prepared.spec.sizes == {"train": 36, "val": 4, "test": 4}
    for side in "ab":
        assert np.array_equal(prepared.columns["test"][side], prepared.columns["val"][side])


def test_whole_pictures_of_many_sizes_come_one_by_one(tmp_path):
    for i in range(12):
        side_by_side(tmp_path / "set" / f"{i}.png", i, width=40 + 4 * i, height=32)
    source = {"preprocess": "none", "batch_size": 1}
    prepared = one_file(tmp_path / "set", **source).prepare(tmp_path, tmp_path / "cache")
    widths = {batch.a.shape[-1] for batches in epochs(prepared, 1, 1) for batch in batches}
    assert len(widths) == 10
    assert all(width % 4 == 0 for width in widths)
    with pytest.raises(DataError, match=r"different sizes.*data\.batch_size=1 or data\.preprocess=resize_and_crop"):
        one_file(tmp_path / "set", preprocess="none").prepare(tmp_path, tmp_path / "cache")


def test_an_odd_width_is_no_pair(halves, tmp_path):
    picture(halves / "train" / "odd.png", ramp(61, 40))
    with pytest.raises(DataError, match="odd.png.*no two images side by side"):
        one_file(halves).prepare(tmp_path, tmp_path / "cache")
    assert one_file(halves, on_error="skip").prepare(tmp_path, tmp_path / "cache").spec.skipped == ("train/odd.png",)


# ---- two folders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("A/x/1.png", ("A", "train", "x/1.png")),
        ("B/val/1.jpg", ("B", "val", "1.jpg")),
        ("testA/1.png", ("A", "test", "1.png")),
        ("val/B/1.png", ("B", "val", "1.png")),
        ("Validation/b/1.png", ("B", "val", "1.png")),
        ("train_A/1.png", ("A", "train", "1.png")),
        ("a/Valid/1.png", ("A", "val", "1.png")),
        ("C/1.png", None),
        ("1.png", None),
    ],
)
def test_where_a_file_belongs(path, found, tmp_path):
    assert side_split_name((tmp_path / path).relative_to(tmp_path)) == found


@pytest.fixture
def folders(tmp_path):
    for i in range(20):
        picture(tmp_path / "two" / "A" / f"{i}.jpg", ramp(50, 40, i))
        picture(tmp_path / "two" / "B" / f"{i}.png", 255 - ramp(50, 40, i))
    return tmp_path / "two"


def test_equal_names_make_pairs_whatever_their_endings(folders, tmp_path):
    prepared = two_folders(folders).prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.sizes == {"train": 16, "val": 2, "test": 2}
    a, b = (prepared.columns["train"][side].astype(int) for side in "ab")
    assert np.abs(a[:, :2] + b[:, :2] - 255).max() < 30  # JPEG against PNG


def test_partners_are_those_of_one_name_also_beside_one_that_is_skipped(tmp_path):
    for i in range(20):
        for side, level in (("A", 12 * i), ("B", 255 - 12 * i)):
            picture(tmp_path / "two" / side / f"{i}.{'jpg' if i % 2 else 'png'}", np.full((40, 40), level, np.uint8))
    (tmp_path / "two" / "B" / "6.png").write_bytes(b"no picture")
    prepared = two_folders(tmp_path / "two", on_error="skip").prepare(tmp_path, tmp_path / "cache")
    assert sum(prepared.spec.sizes.values()) == 19
    for part in prepared.columns.values():
        a, b = (part[side][:, 0, 0, 0].astype(int) for side in "ab")
        assert np.abs(a + b - 255).max() <= 2


def test_a_file_without_a_partner_is_named(folders, tmp_path):
    picture(folders / "A" / "lonely.png", ramp(50, 40))
    with pytest.raises(DataError, match=r"1 file of A without a partner in B: A/lonely.png\..*data\.on_error=skip"):
        two_folders(folders).prepare(tmp_path, tmp_path / "cache")
    prepared = two_folders(folders, on_error="skip").prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.skipped == ("A/lonely.png",)


def test_whole_names_make_pairs_before_names_without_their_ending(tmp_path):
    for i in range(12):
        for side, level in (("A", 0), ("B", 255)):
            for ending, own in (("png", 10 * i), ("jpg", 10 * i + 5)):
                picture(tmp_path / "two" / side / f"{i}.{ending}", np.full((40, 40), abs(level - own), np.uint8))
    prepared = two_folders(tmp_path / "two").prepare(tmp_path, tmp_path / "cache")
    assert sum(prepared.spec.sizes.values()) == 24
    for part in prepared.columns.values():
        a, b = (part[side][:, 0, 0, 0].astype(int) for side in "ab")
        assert np.abs(a + b - 255).max() <= 2


def test_several_files_of_one_name_are_named(folders, tmp_path):
    picture(folders / "A" / "7.bmp", ramp(50, 40))
    with pytest.raises(DataError, match=r"no partner can be told: train/7"):
        two_folders(folders).prepare(tmp_path, tmp_path / "cache")
    prepared = two_folders(folders, on_error="skip").prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.skipped == ("A/7.bmp", "A/7.jpg", "B/7.png")


@pytest.mark.parametrize(
    ("name", "partner", "difference"),
    [
        ("Cat.png", "cat.png", "upper and lower case"),
        ("caf\u00e9.png", "cafe\u0301.png", "their Unicode form"),
        ("cat_A.png", "cat_B.png", "a suffix such as _A"),
    ],
)
def test_what_hides_a_partner_is_said(name, partner, difference, folders, tmp_path):
    picture(folders / "A" / name, ramp(50, 40))
    picture(folders / "B" / partner, ramp(50, 40))
    with pytest.raises(DataError) as error:
        two_folders(folders).prepare(tmp_path, tmp_path / "cache")
    for words in (f"A/{name}", f"B/{partner}", f"differ only by {difference}"):
        assert words in str(error.value)


def test_partners_of_different_size_are_named_unless_both_are_scaled(folders, tmp_path):
    picture(folders / "B" / "7.png", ramp(80, 40))
    with pytest.raises(DataError, match=r"7.jpg.*50x40 and 80x40.*resize_and_crop"):
        two_folders(folders, preprocess="crop").prepare(tmp_path, tmp_path / "cache")
    two_folders(folders).prepare(tmp_path, tmp_path / "cache")


def test_a_changed_partner_builds_the_store_anew(folders, tmp_path):
    before = two_folders(folders).prepare(tmp_path, tmp_path / "cache").spec.digest
    picture(folders / "B" / "7.png", ramp(50, 40))
    assert two_folders(folders).prepare(tmp_path, tmp_path / "cache").spec.digest != before


def test_folders_that_are_missing_are_named(folders, tmp_path):
    with pytest.raises(DataError, match="must have folders A and B"):
        two_folders(folders / "A").prepare(tmp_path, tmp_path / "cache")
    with pytest.raises(DataError, match="there is no such folder"):
        two_folders(folders / "nowhere").prepare(tmp_path, tmp_path / "cache")


def test_two_domains_are_no_pairs_side_by_side(tmp_path):
    for part in ("trainA", "trainB"):
        picture(tmp_path / part / "a.png", ramp(20, 12))
    with pytest.raises(ConfigError, match=r"two folders, A and B.*\n.*data=paired_folders.*\n.*data=unpaired_folders"):
        one_file(tmp_path).prepare(tmp_path, tmp_path / "cache")


def test_a_name_that_nobody_has_published_needs_a_path(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.name=foo.*maps.*\n.*data\.path=FOLDER"):
        SideBySide(**(COMMON | {"name": "foo", "path": None})).prepare(tmp_path, tmp_path / "cache")


# ---- pairs as two domains -------------------------------------------------------------------------------------------


def test_pairs_serve_as_two_domains_whose_order_cut_and_mirror_are_drawn_apart(halves, tmp_path):
    source = one_file(halves)
    pairs, prepared = (source.prepare_as(kind, tmp_path, tmp_path / "cache") for kind in ("pairs", "domains"))
    assert (pairs.spec.kind, prepared.spec.kind) == ("pairs", "domains")
    assert prepared.spec.digest == pairs.spec.digest
    assert {name: prepared.spec.sizes[name] for name in ("trainA", "trainB", "valA")} == {
        "trainA": 12, "trainB": 12, "valA": 3
    }  # fmt: skip
    partners, seen = 0, {"a": {}, "b": {}}
    for epoch, batches in enumerate(epochs(prepared, 20)):
        for batch in batches:
            partners += int((batch.index_a == batch.index_b).sum())
            for side, places in (("a", batch.index_a), ("b", batch.index_b)):
                image = getattr(batch, side) if side == "a" else 1 - batch.b  # a picture's partner is its negative
                for i, x in zip(places.tolist(), image, strict=True):
                    seen[side][epoch, i] = (bool(x[0, 0, 0] > x[0, 0, -1]), x.sort(-1).values)
    assert seen["a"].keys() == seen["b"].keys()
    assert len(seen["a"]) == 20 * 12  # every image of either, once an epoch
    assert partners < 20 * 12 / 4  # 1 in 12 meets its partner by chance
    mirrored = [seen["a"][key][0] == seen["b"][key][0] for key in seen["a"]]
    cut = [torch.allclose(seen["a"][key][1], seen["b"][key][1], atol=2.5 / 255) for key in seen["a"]]
    assert 0.3 < sum(mirrored) / len(mirrored) < 0.7
    assert sum(cut) < len(cut) / 4


def test_which_side_is_a_is_for_the_direction_to_say(halves, tmp_path):
    there, back = (
        one_file(halves, direction=way).prepare_as("domains", tmp_path, tmp_path / "cache") for way in ("AtoB", "BtoA")
    )
    assert np.array_equal(there.columns["train"]["a"], back.columns["train"]["b"])
    assert not np.array_equal(there.columns["train"]["a"], there.columns["train"]["b"])


def test_asked_for_their_own_kind_they_stay_pairs(halves, tmp_path):
    assert one_file(halves).prepare_as("pairs", tmp_path, tmp_path / "cache").spec.kind == "pairs"
