"""Two unpaired domains: every image comes, each in its own order, grey files in colour."""

from pathlib import Path

import numpy as np
import pytest

from genlab.contracts import DataError
from genlab.data.sets.unpaired_folders import UnpairedFolders
from genlab.data.store.module import StoreData
from genlab.data.store.order import domain_order, eval_pairs

from making import SIDES, picture, ramp

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"
COMMON = SIDES | {
    "name": "unpaired_folders", "preprocess": "resize_and_crop", "load_size": 36, "crop_size": 32, "hflip": True,
    "channels": None, "on_error": "stop", "batch_size": 4, "limit": None,
}  # fmt: skip


def source(path, **change):
    return UnpairedFolders(**(COMMON | {"path": path and str(path)} | change))


@pytest.fixture
def two(tmp_path):
    for part, count in {"trainA": 7, "trainB": 20, "testA": 3, "testB": 5, "valA": 2, "valB": 2}.items():
        for i in range(count):
            array = ramp(40 + i, 40, i)
            picture(tmp_path / "two" / part / f"{i}.png", array[..., 0] if i == 0 else array)
    return tmp_path / "two"


def test_an_epoch_holds_every_image_and_the_smaller_domain_again_and_again():
    order = domain_order(7, 20, seed=1, epoch=2)
    assert order.shape == (20, 2)
    assert sorted(order[:, 1]) == list(range(20))
    assert all(sorted(order[i : i + 7, 0]) == list(range(7)) for i in (0, 7))
    assert not np.array_equal(order, domain_order(7, 20, 1, 3))
    assert not np.array_equal(order, domain_order(7, 20, 2, 2))


def test_two_domains_of_one_size_come_in_orders_of_their_own():
    a, b = domain_order(50, 50, seed=1, epoch=2).T
    assert sorted(a) == sorted(b) == list(range(50))
    assert (a == b).sum() < 10
    turns = {tuple(turn) for turn in domain_order(3, 300, 1, 2)[:, 0].reshape(-1, 3)}
    assert len(turns) == 6  # the smaller one in another order at every turn


def test_evaluation_shows_every_image_of_both_domains_once_whatever_the_ranks():
    for world in (1, 2, 3):
        batches = [pair for rank in range(world) for pair in eval_pairs(120, 140, 16, rank, world)]
        for side, count in ((0, 120), (1, 140)):
            assert sorted(np.concatenate([pair[side] for pair in batches])) == list(range(count))


def test_batches_have_both_domains_and_grey_files_have_colour(two, tmp_path):
    prepared = source(two).prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.kind == "domains"
    assert prepared.spec.shape == (3, 32, 32)
    assert prepared.spec.sizes == {
        "train": 20, "val": 2, "test": 5,
        "trainA": 7, "trainB": 20, "valA": 2, "valB": 2, "testA": 3, "testB": 5,
    }  # fmt: skip
    data = StoreData(prepared, 4, seed=0)
    batches = [data.on_after_batch_transfer(batch, 0) for batch in data.train_dataloader()]
    assert len(batches) == 5
    assert all(batch.a.shape == batch.b.shape == (4, 3, 32, 32) for batch in batches)
    (test,) = data.test_dataloader()
    assert [len(x) for x in test] == [3, 5, 3, 5]


def test_training_images_are_stored_at_the_load_size_and_the_others_at_the_crop_size(two, tmp_path):
    columns = source(two).prepare(tmp_path, tmp_path / "cache").columns
    sides = {split: {column.shape[2:] for column in part.values()} for split, part in columns.items()}
    assert sides == {"train": {(36, 36)}, "val": {(32, 32)}, "test": {(32, 32)}}


def test_an_image_is_of_the_domain_that_its_folder_says(two, tmp_path):
    for side, level in (("A", 10), ("B", 200)):
        for path in two.rglob(f"*{side}/*.png"):
            picture(path, np.full((40, 40, 3), level, np.uint8))
    columns = source(two).prepare(tmp_path, tmp_path / "cache").columns
    for part in columns.values():
        assert (part["a"][:] == 10).all()
        assert (part["b"][:] == 200).all()


def test_an_empty_domain_is_named(two, tmp_path):
    for path in (two / "trainB").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="domain B is empty"):
        source(two).prepare(tmp_path, tmp_path / "cache")


def test_folders_a_and_b_alone_are_cut(two, tmp_path):
    (two / "trainA").rename(tmp_path / "A")
    (two / "trainB").rename(tmp_path / "B")
    sizes = source(tmp_path).prepare(tmp_path, tmp_path / "cache").spec.sizes
    assert [sizes[part] for part in ("trainA", "valA", "testA", "trainB", "valB", "testB")] == [5, 1, 1, 16, 2, 2]


def test_a_published_set_validates_on_its_test_part(data_root, tmp_path):
    prepared = source(None, name="horse2zebra").prepare(data_root, tmp_path)
    assert [prepared.spec.sizes[part] for part in ("trainA", "trainB", "testA", "testB")] == [36, 33, 4, 6]
    for side in "ab":
        assert np.array_equal(prepared.columns["val"][side], prepared.columns["test"][side])


@pytest.mark.skipif(not REAL.is_dir(), reason="the original files are not beside this checkout")
def test_horses_and_zebras(cache):
    prepared = source(None, name="horse2zebra", load_size=18, crop_size=16, channels=3).prepare(REAL, cache)
    sizes = prepared.spec.sizes
    assert [sizes[part] for part in ("trainA", "trainB", "testA", "testB")] == [426, 425, 120, 140]
    assert prepared.columns["val"]["a"] is prepared.columns["test"]["a"]
    assert prepared.columns["train"]["a"].shape == (426, 3, 18, 18)
    assert prepared.columns["test"]["b"].shape == (140, 3, 16, 16)
