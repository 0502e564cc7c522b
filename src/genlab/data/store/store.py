"""On-disk cache of decoded images: memory-mapped, built once and atomically.

A store is a folder ``<cache>/store/<name>-<key>/`` with one file per column and a ``manifest.json``. It is built under
a lock in a temporary folder, then renamed. ``key`` changes with the source files and the recipe.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from genlab.console import progress
from genlab.contracts import DataError
from genlab.data.store.columns import Column, Ragged

FORMAT = 3  # part of every key: raise it when the layout or the decoding changes
LONG = 500  # rows from which a person should see a bar
DAMAGED = (FileNotFoundError, EOFError, ValueError, KeyError, TypeError, AttributeError)  # how reading a store fails


@dataclass(frozen=True)
class Part:
    """A part of a set to be decoded: ``count`` rows, each with one array per field, or None if it is skipped.

    ``known``: columns that need no decoding, such as labels; [count, ...] each.
    """

    count: int
    fields: tuple[str, ...]
    rows: Iterable[tuple[np.ndarray, ...] | None]
    known: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Decoded:
    """Input of a store build: the parts by name, and facts for the manifest, asked for when all is decoded."""

    parts: dict[str, Part]
    facts: Callable[[], dict[str, Any]] = dict


@dataclass(frozen=True)
class Store:
    """An opened store: part -> field -> column."""

    parts: dict[str, dict[str, Column]]
    digest: str
    facts: dict[str, Any]


def key_of(recipe: dict[str, Any], files: Iterable[Path], root: Path) -> str:
    """Hash of the decoding recipe and of the source files' names, sizes and modification times, and which may be read."""
    listing = [(f.relative_to(root).as_posix(), *state_of(f)) for f in sorted(files)]
    text = json.dumps([FORMAT, str(root.resolve()), recipe, listing], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def state_of(file: Path) -> tuple[object, ...]:
    """Size and modification time of a file, and whether it is lost or may not be read."""
    try:
        state = file.stat()
    except OSError:  # a link that points nowhere
        return ("lost",)
    allowed = os.access(file, os.R_OK, effective_ids=os.access in os.supports_effective_ids)
    return state.st_size, state.st_mtime_ns, *(() if allowed else ("closed",))


def open_or_build(cache_root: Path, name: str, key: str, decode: Callable[[], Decoded]) -> Store:
    """Open the store of this key, or build it under a lock while other processes wait.

    Raises:
        DataError: decoding failed, the cache cannot be read or written, or the disk is full.
    """
    place = cache_root / "store" / f"{name}-{key}"
    try:
        return opened(place) or built(place, name, decode)
    except OSError as error:
        raise DataError(
            f"cannot read or write the decoded images of {name} in {place.parent}: {error}. "
            "Make room, or choose another place: paths.cache=DIR"
        ) from error


def built(place: Path, name: str, decode: Callable[[], Decoded]) -> Store:
    """Build the store under its lock, unless another process has built it in the meantime.

    Raises:
        DataError: the built store cannot be opened.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f".{place.name}.lock")):
        if opened(place) is None:
            build(place, name, decode())
    found = opened(place)
    if found is None:
        raise DataError(f"{place} was built but cannot be opened. Delete the folder and start again.")
    return found


# ---- reading --------------------------------------------------------------------------------------------------------


def opened(place: Path) -> Store | None:
    """The store, if it exists and its files have their recorded sizes; None otherwise.

    Changed bytes within a column go unnoticed: checking them would mean reading the whole store in every command.
    """
    try:
        manifest = json.loads((place / "manifest.json").read_text())
        parts = {
            part: {name: column(place, part, name, facts) for name, facts in fields.items()}
            for part, fields in manifest["parts"].items()
        }
        return Store(parts, manifest["digest"], manifest["facts"])
    except DAMAGED:
        return None


def column(place: Path, part: str, name: str, facts: dict[str, Any]) -> Column:
    """One column, memory-mapped read-only.

    Raises:
        ValueError: the file does not have its recorded size, or the manifest gives an object dtype.
    """
    file, kind, shape = place / f"{part}.{name}", np.dtype(facts["dtype"]), facts["shape"]
    if file.stat().st_size != facts["bytes"] or kind.hasobject:
        raise ValueError(f"{file} is not as it was")
    flat = np.memmap(file, kind, mode="r") if facts["bytes"] else np.empty(0, kind)
    if shape is not None:
        return flat.reshape(shape)
    shapes = np.load(place / f"{part}.{name}.shapes.npy", allow_pickle=False)
    if shapes.prod(1).sum() != len(flat) or shapes.min() < 1:
        raise ValueError(f"the sizes of the images in {file} are not as they were")
    return Ragged.of(flat, shapes)


# ---- building -------------------------------------------------------------------------------------------------------


def build(place: Path, name: str, decoded: Decoded) -> None:
    """Decode everything into a temporary folder next to ``place``, then rename it."""
    for left in place.parent.glob(f".{place.name}.building.*"):
        shutil.rmtree(left)  # of a process that was killed: we hold the lock
    work = place.with_name(f".{place.name}.building.{os.getpid()}")
    work.mkdir()
    try:
        digest, parts = hashlib.sha256(), {}
        total = sum(part.count for part in decoded.parts.values())
        with progress(f"decoding {name}", total, shown=total >= LONG) as advance:
            for title, part in decoded.parts.items():
                parts[title] = write_part(work, title, part, digest, advance)
        manifest = {"digest": digest.hexdigest(), "parts": parts, "facts": decoded.facts()}
        (work / "manifest.json").write_text(json.dumps(manifest))
        sync(work)
        if place.exists():
            shutil.rmtree(place)  # damaged: ``opened`` has refused it
        os.replace(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_part(work: Path, title: str, part: Part, digest: Any, advance: Callable[[], None]) -> dict[str, Any]:
    """Decode one part straight into its files, omitting skipped rows (None). -> manifest entry of each column."""
    columns = [Writer(work / f"{title}.{name}", digest) for name in part.fields]
    kept: list[int] = []
    for i, row in enumerate(part.rows):
        if row is not None:
            for writer, array in zip(columns, row, strict=True):
                writer.append(array)
            kept.append(i)
        advance()
    written = dict(zip(part.fields, columns, strict=True))
    for name, values in part.known.items():
        written[name] = Writer(work / f"{title}.{name}", digest)
        written[name].append_all(values[kept])
    return {name: writer.close() for name, writer in written.items()}


class Writer:
    """Appends arrays to a file by ``write``, not a memory map: a full disk then raises OSError instead of crashing."""

    def __init__(self, path: Path, digest: Any) -> None:
        self.path, self.digest = path, digest
        self.file = open(path, "wb")  # noqa: SIM115 - closed by ``close``
        self.shapes: list[tuple[int, ...]] = []
        self.dtype = np.dtype(np.uint8)

    def append(self, row: np.ndarray) -> None:
        """Append one row."""
        self.dtype = row.dtype
        self.shapes.append(row.shape)
        self._write(row)

    def append_all(self, rows: np.ndarray) -> None:
        """Append several rows."""
        self.dtype = rows.dtype
        self.shapes += [rows.shape[1:]] * len(rows)
        self._write(rows)

    def _write(self, array: np.ndarray) -> None:
        data = np.ascontiguousarray(array).tobytes()
        self.file.write(data)
        self.digest.update(repr(array.shape).encode() + data)

    def close(self) -> dict[str, Any]:
        """Close the file. -> its manifest entry; ``shape`` is null if the rows differ in size."""
        self.file.close()
        alike = len(set(self.shapes)) <= 1
        if not alike:
            np.save(self.path.with_name(f"{self.path.name}.shapes.npy"), np.array(self.shapes, np.int64))
        shape = [len(self.shapes), *(self.shapes[0] if self.shapes else ())] if alike else None
        return {"dtype": self.dtype.str, "shape": shape, "bytes": self.path.stat().st_size}


def sync(folder: Path) -> None:
    """Flush every file of the folder to disk (fsync)."""
    for file in folder.iterdir():
        with open(file, "rb+") as handle:
            os.fsync(handle.fileno())
