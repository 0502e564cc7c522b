"""Decoded images on disk: uint8, memory-mapped, built once, whole or absent.

A store is a folder ``<cache>/store/<name>-<key>/`` with one array a split and a ``manifest.json``. It is built under a
lock in a folder beside its place and moved there with one rename. ``key`` changes with the source files and the recipe.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from genlab.contracts import DataError

FORMAT = 1  # part of every key: raise it when the layout or the decoding changes


@dataclass(frozen=True)
class Part:
    """One split to be decoded: how many images, and an iterator over them, uint8 [C, H, W]."""

    count: int
    images: Iterable[np.ndarray | None]
    labels: np.ndarray | None = None


@dataclass
class Decoded:
    """What a builder hands over: the common shape, the parts by split, and facts for the manifest."""

    shape: tuple[int, ...]
    parts: dict[str, Part]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """An opened store."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray | None]
    digest: str
    facts: dict[str, Any]


def key_of(recipe: dict[str, Any], files: Iterable[Path], root: Path) -> str:
    """Names, sizes and times of the source files, and how they are decoded."""
    listing = [(f.relative_to(root).as_posix(), (s := f.stat()).st_size, s.st_mtime_ns) for f in sorted(files)]
    text = json.dumps([FORMAT, str(root.resolve()), recipe, listing], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_or_build(cache_root: Path, name: str, key: str, decode: Callable[[], Decoded]) -> Store:
    """The store of this key; built by the one process that gets the lock, while others wait for it.

    Raises:
        DataError: decoding failed, or there is no room for the result.
    """
    place = cache_root / "store" / f"{name}-{key}"
    found = opened(place)
    if found is not None:
        return found
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_name(f".{place.name}.lock")):
            found = opened(place)
            if found is None:
                build(place, name, decode())
    except OSError as error:
        raise DataError(
            f"cannot write the decoded images of {name} to {place.parent}: {error}. "
            "Make room, or choose another place: paths.cache=DIR"
        ) from error
    found = found or opened(place)
    if found is None:
        raise DataError(f"{place} was built but cannot be opened. Delete the folder and start again.")
    return found


def opened(place: Path) -> Store | None:
    """The store, if it is there and as large as it was; None otherwise."""
    try:
        manifest = json.loads((place / "manifest.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    images, labels = {}, {}
    for split, part in manifest["parts"].items():
        file = place / f"{split}.npy"
        if not file.is_file() or file.stat().st_size != part["bytes"]:
            return None
        images[split] = np.load(file, mmap_mode="r")
        labels[split] = np.load(place / f"{split}_labels.npy") if part["labels"] else None
    return Store(images, labels, manifest["digest"], manifest["facts"])


def build(place: Path, name: str, decoded: Decoded) -> None:
    """Decode everything into a folder beside ``place``, then give it its name."""
    for left in place.parent.glob(f".{place.name}.building.*"):
        shutil.rmtree(left)  # of a process that was killed: we hold the lock
    work = place.with_name(f".{place.name}.building.{os.getpid()}")
    work.mkdir()
    try:
        digest, parts = hashlib.sha256(), {}
        total = sum(part.count for part in decoded.parts.values())
        with progress(f"decoding {name}", total) as advance:
            for split, part in decoded.parts.items():
                parts[split] = write_part(work, split, part, decoded.shape, digest, advance)
        manifest = {"digest": digest.hexdigest(), "parts": parts, "facts": decoded.facts}
        (work / "manifest.json").write_text(json.dumps(manifest))
        sync(work)
        if place.exists():
            shutil.rmtree(place)  # damaged: ``opened`` has refused it
        os.replace(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_part(
    work: Path, split: str, part: Part, shape: tuple[int, ...], digest: Any, advance: Callable[[], None]
) -> dict[str, Any]:
    """Decode one split straight into its array; images that turn out unreadable (None) leave no gap."""
    file = work / f"{split}.npy"
    array = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=(part.count, *shape))
    kept: list[int] = []
    for i, image in enumerate(part.images):
        if image is not None:
            array[len(kept)] = image
            digest.update(image.tobytes())
            kept.append(i)
        advance()
    array.flush()
    del array
    if len(kept) < part.count:
        whole = np.load(file, mmap_mode="r")
        np.save(work / "shorter.npy", whole[: len(kept)])
        del whole
        os.replace(work / "shorter.npy", file)
    if part.labels is not None:
        labels = part.labels[kept].astype(np.int64)
        digest.update(labels.tobytes())
        np.save(work / f"{split}_labels.npy", labels)
    return {"count": len(kept), "bytes": file.stat().st_size, "labels": part.labels is not None}


def sync(folder: Path) -> None:
    """Bring every file of the folder to the disk."""
    for file in folder.iterdir():
        with open(file, "rb+") as handle:
            os.fsync(handle.fileno())


class progress:  # noqa: N801 - used like a function
    """A bar with time left, for work that a person waits for; nothing for less than ``SHORT`` items."""

    SHORT = 500

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total = title, total

    def __enter__(self) -> Callable[[], None]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        self.bar = Progress(
            *columns, console=console, transient=True, disable=self.total < self.SHORT or not console.is_terminal
        )
        self.bar.start()
        task = self.bar.add_task(self.title, total=self.total)
        return lambda: self.bar.advance(task)

    def __exit__(self, *error: object) -> None:
        self.bar.stop()


def rows(array: np.ndarray) -> Iterator[np.ndarray]:
    """An array's images one by one."""
    yield from array
