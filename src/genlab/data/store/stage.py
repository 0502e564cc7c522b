"""``data.stage=DIR``: copies the stores of a set to a disk of this node, once for all ranks and runs that read them.

The copy is memory-mapped as the store is, and stays for the next run. A slow or crowded network file system is read once.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from genlab.console import progress, say
from genlab.contracts import ConfigError, DataError, Problem
from genlab.data.store.columns import Chosen, Column, whole_of
from genlab.data.store.handover import from_store, in_store
from genlab.data.store.source import PreparedData
from genlab.data.store.store import DAMAGED, opened, sync
from genlab.files import obstacle

PIECE = 8 << 20  # bytes copied at once
SPARE = 64 << 20  # bytes left free on the disk


def stage_folder(text: str) -> Path:
    """The folder that ``data.stage`` names, with ``~`` and ``$VARIABLES`` of this node.

    Raises:
        ConfigError: a variable is not set, or nothing can be written there.
    """
    found = os.path.expanduser(os.path.expandvars(text))
    where, remedy = f"data.stage={text}", "Type a folder on a disk of this node's own, or leave it out"
    if unset := re.findall(r"\$\{?(\w+)\}?", found):
        raise ConfigError([Problem(where, f"the variable {unset[0]} is not set on this node", remedy)])
    folder = Path(found).absolute()
    if reason := obstacle(folder):
        raise ConfigError([Problem(where, f"cannot be written: {reason}", remedy)])
    return folder


def staged(prepared: PreparedData, folder: Path) -> PreparedData:
    """The set, read from copies of its stores in ``folder``; what lies in no store stays as it is.

    Raises:
        DataError: the disk has no room for them, or cannot be written.
    """
    parts = prepared.columns.items()
    places = [in_store(kept) for _, part in parts for kept in part.values()]
    stores = {(place["store"], place["digest"]) for place in places if place is not None}
    copies = {where: str(copy_of(Path(where), digest, folder).resolve()) for where, digest in stores}
    if not copies:
        say(f"note      data.stage has nothing to copy: {prepared.spec.name} is not read from a disk")
    columns = {split: {name: moved(kept, copies) for name, kept in part.items()} for split, part in parts}
    return replace(prepared, columns=columns, origins={copy: origin for origin, copy in copies.items()})


def moved(kept: Column, copies: dict[str, str]) -> Column:
    """The same column of the store's copy. ``copies``: store -> copy."""
    if isinstance(kept, Chosen):
        return replace(kept, whole=whole_of(moved(kept.whole, copies)))
    place = in_store(kept)
    return kept if place is None else from_store({**place, "store": copies[place["store"]]})


def copy_of(origin: Path, digest: str, folder: Path) -> Path:
    """The copy of a store in ``folder``; made under a lock if there is none, while other processes of the node wait.

    Raises:
        DataError: there is no room for it, or the disk cannot be read or written.
    """
    place = folder / origin.name
    try:
        if is_copy(place, digest):
            return place
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{place.name}.lock"):
            if not is_copy(place, digest):
                make_copy(origin, place)
    except OSError as error:
        raise DataError(f"cannot copy {origin} to {folder}: {error}. Choose another place: data.stage=DIR") from error
    if not is_copy(place, digest):
        raise DataError(f"{origin} has changed while it was copied to {folder}. Start the run again.")
    return place


def is_copy(place: Path, digest: str) -> bool:
    """Whether the folder has the store of this digest, and each file its recorded size."""
    try:
        return json.loads((place / "manifest.json").read_text())["digest"] == digest and opened(place) is not None
    except DAMAGED:
        return False


def make_copy(origin: Path, place: Path) -> None:
    """Copy a store into a temporary folder, then rename it. The lock is held, so what others have left is of no use."""
    for left in place.parent.glob(f".{place.name}.staging.*"):
        shutil.rmtree(left)
    if place.exists():
        shutil.rmtree(place)  # damaged, or of another digest
    files = sorted(path for path in origin.iterdir() if path.is_file())
    size = sum(path.stat().st_size for path in files)
    require_room(place.parent, size)
    work = place.with_name(f".{place.name}.staging.{os.getpid()}")
    work.mkdir()
    try:
        with progress(f"copying {place.name}", size, unit="bytes", announced=f"to {place.parent}") as advance:
            for path in files:
                copy(path, work / path.name, advance)
        sync(work)
        os.replace(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def copy(source: Path, target: Path, advance: Callable[[float], None]) -> None:
    """Copy one file piece by piece."""
    with open(target, "wb") as written:
        for piece in pieces(source):
            written.write(piece)
            advance(len(piece))


def pieces(path: Path) -> Iterator[bytes]:
    """The content of a file, in pieces."""
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def require_room(folder: Path, size: int) -> None:
    """Refuse a disk without room for ``size`` bytes.

    Raises:
        DataError: with both figures.
    """
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        what = f"data.stage={folder}: the set takes {size / 2**20:,.0f} MiB, and {free / 2**20:,.0f} MiB are free there"
        raise DataError(f"{what}. Make room, choose another place, or leave it out: it is then read where it lies.")
