"""Assigns files to train, val and test: by their folders, and missing splits by a hash of each name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from genlab.contracts import DataError
from genlab.data.store.order import keyed_split
from genlab.data.store.source import SPLITS

Item = TypeVar("Item")
SHARE = 0.1  # of the training images, for each part that is missing
FOLDERS = {  # of each split, in any case
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
SIDED = re.compile(rf"({'|'.join(FOLDERS)})[ _-]?([ab])", re.IGNORECASE)


def split_of(folder: str) -> str | None:
    """The split that a folder of this name holds, in any case: ``Valid`` -> ``val``; None for another name."""
    return FOLDERS.get(folder.lower())


def side_and_split(folder: str) -> tuple[str | None, str | None]:
    """The side and the split of a folder: ``trainA`` -> A, train; ``b`` -> B, None; ``valid`` -> None, val."""
    if found := SIDED.fullmatch(folder):
        return found[2].upper(), FOLDERS[found[1].lower()]
    return (folder.upper(), None) if folder.upper() in ("A", "B") else (None, split_of(folder))


def side_split_name(path: Path) -> tuple[str, str, str] | None:
    """``A/val/x/1.png``, ``valA/x/1.png`` and ``val/A/x/1.png`` -> ("A", "val", "x/1.png"); None for any other path."""
    folders = list(path.parts[:-1])
    side, split = side_and_split(folders.pop(0)) if folders else (None, None)
    if side is None and split is not None and folders:
        side, nested = side_and_split(folders.pop(0))
        split = nested or split
    elif side is not None and split is None and folders and split_of(folders[0]):
        split = split_of(folders.pop(0))
    return None if side is None else (side, split or "train", "/".join([*folders, path.name]))


def by_split(files: Sequence[Path], root: Path) -> dict[str, list[Path]]:
    """The files in each split's own folder; those in no such folder are not among them.

    Raises:
        DataError: two folders are for one split.
    """
    parts: dict[str, list[Path]] = {split: [] for split in SPLITS}
    for path in files:
        if split := split_in(path, root):
            parts[split].append(path)
    return parts


def split_in(path: Path, root: Path) -> str | None:
    """The split that the topmost folder of a file says."""
    first = path.relative_to(root).parts[0]
    return split_of(first) if first != path.name else None


def require_one_folder_each(root: Path, key: str, what: str) -> None:
    """Refuse two folders for one split, such as ``val`` and ``valid``.

    Raises:
        DataError: with both names.
    """
    seen: dict[object, str] = {}
    for name in sorted(place.name for place in root.iterdir() if place.is_dir()):
        side, split = found = side_and_split(name)
        if split and seen.setdefault(found, name) != name:
            raise DataError(
                f"{key}={root}: the folders {seen[found]} and {name} are both for {split}{side or ''}. "
                f"Move the {what} of one into the other."
            )


def require_folder(path: Path, key: str = "data.path", what: str = "pictures") -> None:
    """Refuse a folder, typed as ``key``, that is not there, or in which two folders are for one split.

    Raises:
        DataError: there is no such folder.
    """
    if not path.is_dir():
        found = "is a file, and a folder is needed" if path.is_file() else "there is no such folder"
        raise DataError(f"{key}={path}: {found}. Type: {key}=DIR with your {what} in it.")
    require_one_folder_each(path, key, what)


def completed(parts: dict[str, list[Item]], name: Callable[[Item], str]) -> dict[str, list[Item]]:
    """train, val and test; a missing or empty ``val`` or ``test`` is split off the training items, 10 % each."""
    train = parts.get("train", [])
    missing = {split: SHARE for split in ("val", "test") if not parts.get(split)}
    cut = keyed_split([name(item) for item in train], missing)
    return {split: [train[i] for i in cut[split]] if split in cut else parts[split] for split in SPLITS}


def require_every_split(
    sizes: dict[str, int], path: Path, splits: Sequence[str] = SPLITS, what: tuple[str, str] = ("images", "pictures")
) -> None:
    """Refuse a set that cannot be trained on, validated and tested.

    ``what``: how its rows and its files are called.

    Raises:
        DataError: a split is empty.
    """
    empty = [split for split in splits if sizes[split] == 0]
    if empty:
        train = "train" + empty[0].removeprefix("train").removeprefix("val").removeprefix("test")
        have = ", ".join(f"{split} {sizes[split]:,}" for split in splits)
        raise DataError(
            f"{path} has too few {what[0]} to train, validate and test on: {have}. Put {what[1]} into {' and '.join(empty)}, "
            f"or at least 3 into {train}, of which val and test are then cut."
        )


def plain(path: Path) -> str:
    """The folder's name, with spaces and '=' replaced: names that genlab makes have neither."""
    name = path.resolve().name.replace(" ", "_").replace("=", "_")
    return name.encode("utf-8", "backslashreplace").decode()
