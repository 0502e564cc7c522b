"""Assigns files to train, val and test: by their folders, and missing splits by a hash of each name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from genlab.contracts import DataError
from genlab.data.files.decode import ENDINGS
from genlab.data.store.order import keyed_split
from genlab.data.store.source import SPLITS

Item = TypeVar("Item")
SHARE = 0.1  # of the training images, for each part that is missing


def pictures_in(folder: Path) -> list[Path]:
    """Every picture below ``folder``, sorted by name; hidden files and folders are ignored."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
    return [p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)]


def require_folder(path: Path) -> None:
    """Refuse a ``data.path`` that is not there.

    Raises:
        DataError: there is no such folder.
    """
    if not path.is_dir():
        raise DataError(f"data.path={path}: there is no such folder. Type: data.path=DIR with your pictures in it.")


def completed(parts: dict[str, list[Item]], name: Callable[[Item], str]) -> dict[str, list[Item]]:
    """train, val and test; a missing or empty ``val`` or ``test`` is split off the training items, 10 % each."""
    train = parts.get("train", [])
    missing = {split: SHARE for split in ("val", "test") if not parts.get(split)}
    cut = keyed_split([name(item) for item in train], missing)
    return {split: [train[i] for i in cut[split]] if split in cut else parts[split] for split in SPLITS}


def require_every_split(sizes: dict[str, int], path: Path, splits: Sequence[str] = SPLITS) -> None:
    """Refuse a set that cannot be trained on, validated and tested.

    Raises:
        DataError: a split is empty.
    """
    if min(sizes[split] for split in splits) == 0:
        raise DataError(f"{path} has too few images to train, validate and test on: {sizes}.")


def plain(path: Path) -> str:
    """The folder's name, with spaces and '=' replaced: names that genlab makes have neither."""
    return path.resolve().name.replace(" ", "_").replace("=", "_")
