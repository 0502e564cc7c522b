"""The pictures of runs by kind, each a strip over epochs: which of them the page holds, so that it stays small."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from genlab.cores import usable
from genlab.pages.report.curves import evenly
from genlab.pages.report.record import Record
from genlab.pages.report.webp import SIDE, Packed, pack

NUMBERED = re.compile(r"(?P<kind>.+)_(?P<number>\d{6,})")
FOLDERS = ("images", "tables")
ORDER = ("samples", "translate", "recon", "restored", "codes")  # of kinds
BYTES = 11_500_000  # of base64 in a page
FRAMES, EACH, LEAST = 1200, 24, 3  # pictures in a page, in a strip at most, and in one over epochs if it can be
MANY, SMALL = 60, 480  # strips of a kind from which on pictures are this wide at most
KEPT = 4096  # packed pictures that a server remembers


@dataclass
class Strip:
    """The pictures of one kind of a run, by epoch; None: it is of no epoch."""

    run: int
    kind: str
    files: list[tuple[int | None, Path]]
    frames: list[tuple[int | None, Packed]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # files that are no pictures


@dataclass
class Pictures:
    """What the page holds.

    Args:
        kinds: strips by kind, in order of the runs.
        there: pictures that the runs have.
        left: kinds of which the page has no picture, for want of room.
        broken: files that are no pictures, by run.
    """

    kinds: dict[str, list[Strip]]
    there: int = 0
    left: list[str] = field(default_factory=list)
    broken: dict[int, list[str]] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """Pictures that the page has."""
        return sum(len(strip.frames) for strips in self.kinds.values() for strip in strips)


def read_pictures(records: Sequence[Record], room: int = BYTES) -> Pictures:
    """The pictures of the runs: of each strip the last, kind by kind while there is room, then as many between as fit."""
    kinds: dict[str, list[Strip]] = {}
    for strip in (strip for run, record in enumerate(records) for strip in strips_of(run, record.path)):
        kinds.setdefault(strip.kind, []).append(strip)
    found = Pictures(
        {kind: kinds[kind] for kind in sorted(kinds, key=place)},
        sum(len(s.files) for some in kinds.values() for s in some),
    )
    with ThreadPoolExecutor(usable()) as pool:
        over_epochs = [kind for kind, strips in found.kinds.items() if any(len(strip.files) > 1 for strip in strips)]
        taken, frames = add_last(found, over_epochs, room, FRAMES, pool), found.held
        others = [kind for kind in found.kinds if kind not in over_epochs]
        taken += add_last(found, others, room - LEAST * taken, FRAMES - LEAST * frames, pool)
        add_between(found, room - taken, pool)
    for strip in (strip for strips in found.kinds.values() for strip in strips if strip.broken):
        found.broken.setdefault(strip.run, []).extend(sorted(strip.broken))
    found.kinds = {kind: strips for kind, strips in found.kinds.items() if any(strip.frames for strip in strips)}
    return found


def strips_of(run: int, folder: Path) -> list[Strip]:
    """The strips in the folder of a run."""
    found: dict[str, Strip] = {}
    for path in (path for name in FOLDERS for path in sorted((folder / name).glob("*.png"))):
        match = NUMBERED.fullmatch(path.stem)
        kind, number = (match["kind"], int(match["number"])) if match else (path.stem, None)
        found.setdefault(kind, Strip(run, kind, [])).files.append((number, path))
    for strip in found.values():
        strip.files.sort(key=lambda item: (item[0] is not None, item[0] or 0, item[1].name))
    return list(found.values())


def place(kind: str) -> tuple[int, str]:
    """Where a kind stands: what is generated first."""
    return next((i for i, first in enumerate(ORDER) if kind.startswith(first)), len(ORDER)), kind


def add_last(found: Pictures, kinds: Sequence[str], room: int, frames: int, pool: ThreadPoolExecutor) -> int:
    """Pack the last picture of every strip, kind by kind; returns the bytes taken. A kind without room is left out whole."""
    taken = held = 0
    for kind in kinds:
        strips = found.kinds[kind]
        if held + len(strips) > frames:
            found.left.append(kind)
            continue
        side = SMALL if len(strips) > MANY else SIDE
        last = list(pool.map(partial(packed_last, side=side), strips))
        size = sum(len(frame[1].content) for frame in last if frame)
        if taken + size > room:
            found.left.append(kind)
            continue
        taken, held = taken + size, held + len(strips)
        for strip, frame in zip(strips, last, strict=True):
            strip.frames = [frame] if frame else []
    return taken


def packed_last(strip: Strip, side: int) -> tuple[int | None, Packed] | None:
    """The last picture of a strip that can be read; the others behind it are dropped, and None is given if none can."""
    while strip.files:
        number, path = strip.files[-1]
        if (frame := packed(path, side)) is not None:
            return number, frame
        strip.broken.append(name_of(path))
        strip.files.pop()
    return None


def add_between(found: Pictures, room: int, pool: ThreadPoolExecutor) -> None:
    """Pack further pictures of the strips, as many of each as there is room for, evenly over its epochs."""
    strips = [strip for some in found.kinds.values() for strip in some if strip.frames and len(strip.files) > 1]
    if not strips:
        return
    a_round = sum(len(strip.frames[-1][1].content) for strip in strips)
    more = min(EACH - 1, room // max(1, a_round), (FRAMES - found.held) // len(strips))
    for strip in strips if more > 0 else []:
        side = SMALL if len(found.kinds[strip.kind]) > MANY else SIDE
        files = evenly(strip.files, more + 1)[:-1]
        frames = list(pool.map(partial(packed, side=side), (path for _, path in files)))
        strip.broken += [name_of(path) for (_, path), frame in zip(files, frames, strict=True) if frame is None]
        some = [(number, frame) for (number, _), frame in zip(files, frames, strict=True) if frame is not None]
        strip.frames = [*some, strip.frames[-1]]


def name_of(path: Path) -> str:
    """A file as it is named below its run."""
    return f"{path.parent.name}/{path.name}"


def packed(path: Path, side: int) -> Packed | None:
    """The picture of a file, packed once as long as it stays the same."""
    try:
        found = path.stat()
    except OSError:
        return None
    return remembered(path, found.st_mtime_ns, found.st_size, side)


@lru_cache(KEPT)
def remembered(path: Path, changed: int, size: int, side: int) -> Packed | None:
    """The same. ``changed`` and ``size`` tell one state of the file from another."""
    return pack(path, side)
