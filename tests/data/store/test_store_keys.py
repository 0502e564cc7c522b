"""One store for each way to decode a set: what changes its arrays is in the key, and what does not shares the store."""

import gzip
import os
import shutil
from contextlib import contextmanager

import numpy as np
import pytest

from genlab.data.sets import mnist as idx
from genlab.data.sets import shapes
from genlab.data.sets.celeba import CelebA
from genlab.data.sets.folder import Folder
from genlab.data.sets.mnist import MNIST
from genlab.data.sets.paired_folders import PairedFolders
from genlab.data.sets.shapes import Shapes
from genlab.data.sets.side_by_side import SideBySide
from genlab.data.sets.unpaired_folders import UnpairedFolders

from making import READ as KEYS
from making import SIDES, picture, ramp, side_by_side

READ = {"on_error": "stop", "batch_size": 4, "limit": None, "hflip": False}
GREY = {"binarize": None}
SIZED = {"preprocess": "scale_width_and_crop", "load_size": 20, "crop_size": 16, "channels": None}
DRAWN = {
    "scales": 2,
    "orientations": 2,
    "x_positions": 3,
    "y_positions": 3,
    "image_size": 16,
    "count": 30,
    "subset_seed": 0,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory, data_root):
    """A small set for each recipe."""
    root = tmp_path_factory.mktemp("sets")
    for i in range(12):
        side_by_side(root / "halves" / "train" / f"{i}.png", i, 40, 30)
        picture(root / "pictures" / f"{i}.png", ramp(30, 24, i))
        for side in "AB":
            picture(root / "two" / side / f"{i}.png", ramp(30, 24, i))
        picture(root / "celeba" / "img_align_celeba" / f"{i}.jpg", ramp(36, 44, i))
    rows = "\n".join(f"{i}.jpg {1 if i % 2 else -1} 1" for i in range(12))
    (root / "celeba" / "list_attr_celeba.txt").write_text(f"12\nBald Young\n{rows}\n")
    parts = "\n".join(f"{i}.jpg {0 if i < 8 else 1 if i < 10 else 2}" for i in range(12))
    (root / "celeba" / "list_eval_partition.txt").write_text(parts + "\n")
    for name in ("mnist", "fashion_mnist"):
        shutil.copytree(data_root / name, root / name)
    return root


MAKE = {
    "folder": lambda root, **o: Folder(
        **(READ | KEYS | GREY | {"path": str(root / "pictures"), "image_size": 16, "channels": None} | o)
    ),
    "celeba": lambda root, **o: CelebA(**(READ | GREY | {"crop": 30, "image_size": 16, "label": "attributes"} | o)),
    "mnist": lambda root, **o: MNIST(**(GREY | {"name": "mnist", "batch_size": 4, "limit": None} | o)),
    "shapes": lambda root, **o: Shapes(**(DRAWN | GREY | {"shapes": ["square"], "batch_size": 4, "limit": None} | o)),
    "side_by_side": lambda root, **o: SideBySide(
        **(READ | SIDES | SIZED | {"name": "set", "path": str(root / "halves"), "direction": "AtoB"} | o)
    ),
    "paired_folders": lambda root, **o: PairedFolders(
        **(READ | SIDES | SIZED | {"path": str(root / "two"), "direction": "AtoB"} | o)
    ),
    "unpaired_folders": lambda root, **o: UnpairedFolders(
        **(READ | SIDES | SIZED | {"name": "set", "path": str(root / "two")} | o)
    ),
}
FILES = [{"channels": 1}, {"on_error": "skip"}, {"range": 255}, {"resample": "nearest"}, {"max_pixels": 10**7}]
SIZES = [
    {"preprocess": "crop"}, {"load_size": 24}, {"crop_size": 12}, *FILES,
    {"channels_a": 1}, {"channels_b": 1}, {"resample_a": "nearest"}, {"resample_b": "nearest"},
]  # fmt: skip
OTHER = {
    "folder": [{"image_size": 12}, *FILES],
    "celeba": [{"crop": 20}, {"crop": None}, {"image_size": 12}, {"on_error": "skip"}],
    "mnist": [{"name": "fashion_mnist"}],
    "shapes": [
        {"shapes": ["heart"]}, {"scales": 3}, {"orientations": 3}, {"x_positions": 4}, {"y_positions": 4},
        {"image_size": 20}, {"count": 20}, {"count": None}, {"subset_seed": 1},
    ],
    "side_by_side": SIZES,
    "paired_folders": SIZES,
    "unpaired_folders": SIZES,
}  # fmt: skip
SAME = {
    "folder": [{"hflip": True}, {"limit": 3}, {"batch_size": 2}],
    "celeba": [{"hflip": True}, {"limit": 3}, {"batch_size": 2}, {"label": "Young"}],
    "mnist": [{"limit": 3}, {"batch_size": 2}],
    "shapes": [{"limit": 3}, {"batch_size": 2}],
    "side_by_side": [{"direction": "BtoA"}, {"hflip": True}, {"limit": 3}, {"batch_size": 2}],
    "paired_folders": [{"direction": "BtoA"}, {"hflip": True}, {"limit": 3}, {"batch_size": 2}],
    "unpaired_folders": [{"hflip": True}, {"limit": 3}, {"batch_size": 2}],
}


def arrays(prepared):
    """Every row of every column."""
    return {
        (split, name): [np.array(column[i]) for i in range(len(column))]
        for split, columns in prepared.columns.items()
        for name, column in columns.items()
    }


def equal(one, other):
    return one.keys() == other.keys() and all(
        len(one[key]) == len(other[key]) and all(map(np.array_equal, one[key], other[key])) for key in one
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A cache that fills from test to test."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def prepared(root, shared):
    """The arrays of a set with some change; from the shared cache, or another one."""
    return lambda kind, cache=shared, **change: arrays(MAKE[kind](root, **change).prepare(root, cache))


def stores(cache):
    return {path.name for path in (cache / "store").glob("*") if path.is_dir()}


ROWS = [(name, change) for name, changes in OTHER.items() for change in changes]


@pytest.mark.parametrize(("name", "change"), ROWS, ids=[f"{name} {change}" for name, change in ROWS])
def test_another_way_to_decode_is_another_store(name, change, prepared, shared, tmp_path):
    prepared(name)
    before = stores(shared)
    changed = prepared(name, **change)
    assert len(stores(shared) - before) == 1
    assert equal(changed, prepared(name, cache=tmp_path, **change))  # as if nothing had been kept


@pytest.mark.parametrize("name", SAME)
def test_what_leaves_the_arrays_alone_shares_the_store(name, prepared, shared):
    usual, before = prepared(name), stores(shared)
    for change in SAME[name]:
        prepared(name, **change)
    assert equal(prepared(name), usual)
    assert stores(shared) == before


@contextmanager
def rewritten(file, content):
    """The file holds something else for a while, and then what it held, at the time it had."""
    whole, times = file.read_bytes(), file.stat()
    assert content != whole
    file.write_bytes(content)
    yield
    file.write_bytes(whole)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [("list_attr_celeba.txt", b"3.jpg 1 1", b"3.jpg -1 1"), ("list_eval_partition.txt", b"9.jpg 1", b"9.jpg 2")],
)
def test_celebas_texts_are_in_its_key(text, old, new, root, prepared, tmp_path):
    prepared("celeba")
    file = root / "celeba" / text
    with rewritten(file, file.read_bytes().replace(old, new)):
        assert equal(prepared("celeba"), prepared("celeba", cache=tmp_path))


@pytest.mark.parametrize("part", ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"])
def test_every_file_of_digits_is_in_their_key(part, root, prepared, shared):
    prepared("mnist")
    before, file = stores(shared), root / "mnist" / f"{part}-ubyte.gz"
    with rewritten(file, gzip.compress(gzip.decompress(file.read_bytes()), 1)):
        prepared("mnist")
    assert len(stores(shared) - before) == 1


@pytest.mark.parametrize(("module", "name", "kind"), [(shapes, "VERSION", "shapes"), (idx, "TRAIN", "mnist")])
def test_what_the_code_does_by_its_own_numbers_is_in_the_key(module, name, kind, prepared, shared, monkeypatch):
    prepared(kind)
    before = stores(shared)
    monkeypatch.setattr(module, name, getattr(module, name) + 1)
    prepared(kind)
    assert len(stores(shared) - before) == 1


@pytest.mark.parametrize("name", ["folder", "side_by_side", "paired_folders", "unpaired_folders"])
def test_a_picture_that_was_exchanged_is_seen(name, root, prepared, tmp_path):
    usual = prepared(name)
    file = root / {"folder": "pictures", "side_by_side": "halves/train"}.get(name, "two/B") / "3.png"
    with rewritten(file, file.with_name("4.png").read_bytes()):
        assert equal(prepared(name), prepared(name, cache=tmp_path))
    assert equal(prepared(name), usual)
