"""What lies below a folder: through links, and with what cannot be used by name."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from genlab.contracts import DataError
from genlab.data.files.listing import look_in
from genlab.data.files.splits import require_one_folder_each, side_and_split, split_of
from genlab.data.sets.folder import Folder

from making import READ, picture, ramp

NOBODY = 65_534


def names(listing):
    return [listing.name(path) for path in listing.files]


@contextmanager
def without_rights():
    """As a user who may not read what another one has closed; the superuser may read everything."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(own)


@pytest.fixture
def open_folder():
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def test_links_are_followed_and_none_leads_round_in_a_circle(tmp_path):
    picture(tmp_path / "set" / "a.png", ramp(8, 8))
    picture(tmp_path / "elsewhere" / "deep" / "b.png", ramp(8, 8))
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "file.jpg").symlink_to(tmp_path / "set" / "a.png")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "self").symlink_to(tmp_path / "set")
    assert names(look_in(tmp_path / "set")) == ["a.png", "file.jpg", "linked/deep/b.png"]


def test_two_links_to_one_folder_are_both_listed(tmp_path):
    picture(tmp_path / "elsewhere" / "b.png", ramp(8, 8))
    for name in ("one", "two"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere")
    assert names(look_in(tmp_path / "set")) == ["one/b.png", "two/b.png"]


def test_other_files_and_links_to_nowhere_are_named(tmp_path):
    picture(tmp_path / "a.PNG", ramp(8, 8))
    for name in ("b.npy", "c.npy", "notes", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")  # a picture that cannot be read
    found = look_in(tmp_path)
    assert names(found) == ["a.PNG", "lost.png"]
    assert list(found.remarks()) == ["left alone: 2 .npy, 1 notes", "links that point nowhere: lost"]


def test_a_folder_that_cannot_be_listed_is_named(open_folder):
    picture(open_folder / "a.png", ramp(8, 8))
    picture(open_folder / "closed" / "b.png", ramp(8, 8))
    (open_folder / "closed").chmod(0)
    with without_rights():
        with pytest.raises(DataError, match=r"closed cannot be listed \(Permission denied\).*data\.on_error=skip"):
            look_in(open_folder)
        found = look_in(open_folder, "skip")
    (open_folder / "closed").chmod(0o700)
    assert names(found) == ["a.png"]
    assert list(found.remarks()) == ["folders that cannot be listed: closed"]


def test_a_file_that_may_not_be_read_is_skipped_until_it_may(open_folder):
    for i in range(12):
        picture(open_folder / "set" / f"{i}.png", ramp(8, 8, i))
    own = {"image_size": 8, "channels": None, "hflip": False, "binarize": None, "batch_size": 8, "limit": None}
    source = Folder(str(open_folder / "set"), **READ, **own, on_error="skip")
    stopping = Folder(str(open_folder / "set"), **READ, **own, on_error="stop")
    (open_folder / "set" / "3.png").chmod(0)
    with without_rights():
        with pytest.raises(DataError, match=r"3\.png cannot be read as a picture \(Permission denied\)"):
            stopping.prepare(open_folder, open_folder / "cache")
        closed = source.prepare(open_folder, open_folder / "cache").spec
        again = source.prepare(open_folder, open_folder / "cache").spec
    (open_folder / "set" / "3.png").chmod(0o644)
    with without_rights():
        opened = source.prepare(open_folder, open_folder / "cache").spec
    assert (closed.skipped, sum(closed.sizes.values())) == (("3.png",), 11)
    assert again == closed
    assert (opened.skipped, sum(opened.sizes.values())) == ((), 12)


@pytest.mark.parametrize(
    ("folder", "split"), [("Train", "train"), ("VALID", "val"), ("validation", "val"), ("testing", "test"), ("x", None)]
)
def test_splits_have_their_usual_names_in_any_case(folder, split):
    assert split_of(folder) == split


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("validA", ("A", "val")),
        ("Train_b", ("B", "train")),
        ("a", ("A", None)),
        ("val", (None, "val")),
        ("ab", (None, None)),
    ],
)
def test_sides_and_splits_are_told_by_a_folders_name(folder, found):
    assert side_and_split(folder) == found


def test_two_folders_for_one_split_are_named(tmp_path):
    for name in ("val", "Valid", "trainA", "train"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"Valid and val are both for val\."):
        require_one_folder_each(tmp_path, "data.path", "pictures")


def test_valid_is_a_split_and_no_class(tmp_path):
    for split, count in {"Train": 12, "valid": 5}.items():
        for i in range(count):
            picture(tmp_path / "set" / split / ("cat", "dog")[i % 2] / f"{i}.png", ramp(8, 8, i))
    own = {
        "image_size": 8,
        "channels": None,
        "hflip": False,
        "binarize": None,
        "batch_size": 8,
        "limit": None,
        "on_error": "stop",
    }
    prepared = Folder(str(tmp_path / "set"), **READ, **own).prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.class_names == ("cat", "dog")
    assert prepared.spec.sizes == {"train": 11, "val": 5, "test": 1}


def test_a_split_is_cut_after_unreadable_files_are_known(tmp_path):
    for i in range(40):
        picture(tmp_path / "set" / f"{i}.png", ramp(8, 8, i))
    own = {"image_size": 8, "channels": None, "hflip": False, "binarize": None, "batch_size": 8, "limit": None}
    whole = Folder(str(tmp_path / "set"), **READ, **own, on_error="skip")
    val = {path.name for path in whole.pictures(tmp_path)["val"]}
    for name in val:
        (tmp_path / "set" / name).write_bytes(b"damaged")
    prepared = whole.prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.sizes == {"train": 28, "val": 4, "test": 4}
    rows = {
        split: {int(np.asarray(image)[2, 0, 0]) for image in prepared.images[split]}
        for split in ("train", "val", "test")
    }
    files = whole.pictures(tmp_path, prepared.spec.skipped)
    assert rows == {split: {int(path.stem) for path in files[split]} for split in rows}
