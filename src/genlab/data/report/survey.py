"""Survey of a set's files before training: sizes, colour modes, damaged files and duplicates."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genlab.console import progress
from genlab.contracts import Unreadable
from genlab.data.files.decode import GREY, header
from genlab.data.files.decode_in_parallel import THREADS
from genlab.files import sha256

LONG = 500  # files from which a person should see a bar


@dataclass(frozen=True)
class Picture:
    """One file: its path below the set's folder, its digest and size in bytes, and data from its header.

    ``size`` is (width, height) after EXIF rotation, ``mode`` is Pillow's; None and empty if the header cannot be read.
    """

    name: str
    sha256: str
    bytes: int
    size: tuple[int, int] | None
    mode: str

    @property
    def colours(self) -> Literal["grey", "colour", "other", "unreadable"]:
        """``other``: pictures that must be converted (palettes, transparency, CMYK)."""
        if self.size is None:
            return "unreadable"
        return "grey" if self.mode in GREY else "colour" if self.mode == "RGB" else "other"


@dataclass(frozen=True)
class Survey:
    """The files of each part, in order, and the folder that contains them all."""

    root: Path
    parts: dict[str, list[Picture]]

    @property
    def every(self) -> list[Picture]:
        """The files of all parts."""
        return [picture for pictures in self.parts.values() for picture in pictures]

    def path(self, name: str) -> str:
        """A file's full path, with ``/`` on every system."""
        return (self.root / name).as_posix()

    def unreadable(self) -> list[str]:
        """The names of files whose header cannot be read."""
        return [picture.name for picture in self.every if picture.size is None]

    def grey(self) -> list[str]:
        """The names of grey files."""
        return [picture.name for picture in self.every if picture.colours == "grey"]

    def others(self) -> Counter[str]:
        """How many files there are of each mode that is neither grey nor RGB."""
        return Counter(picture.mode for picture in self.every if picture.colours == "other")

    def copies_within(self) -> dict[str, list[list[str]]]:
        """For each part, the groups of identical files."""
        return {part: [names for names in same(pictures) if len(names) > 1] for part, pictures in self.parts.items()}

    def copies_between(self) -> list[dict[str, str]]:
        """Groups of identical files across parts, with one file per part: part -> file."""
        homes: dict[str, dict[str, str]] = defaultdict(dict)
        for part, pictures in self.parts.items():
            for picture in pictures:
                homes[picture.sha256].setdefault(part, picture.name)
        return [names for names in homes.values() if len(set(names.values())) > 1]


def same(pictures: list[Picture]) -> list[list[str]]:
    """The names of pictures, grouped by identical bytes."""
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for picture in pictures:
        groups[picture.sha256][picture.name] = None
    return [list(names) for names in groups.values()]


def survey(files: dict[str, list[Path]]) -> Survey:
    """Examine every file once; names are relative to the folder that contains them all."""
    every = list(dict.fromkeys(path for paths in files.values() for path in paths))
    if not every:
        return Survey(Path(), {part: [] for part in files})
    root = Path(os.path.commonpath([path.parent for path in every]))
    seen: dict[Path, Picture] = {}
    with (
        ThreadPoolExecutor(THREADS) as pool,
        progress("looking at the files", len(every), shown=len(every) >= LONG, unit="files") as advance,
    ):
        for path, picture in zip(every, pool.map(lambda path: survey_file(path, root), every), strict=True):
            seen[path] = picture
            advance()
    return Survey(root, {part: [seen[path] for path in paths] for part, paths in files.items()})


def survey_file(path: Path, root: Path) -> Picture:
    """Hash a file and read its header."""
    name = path.relative_to(root).as_posix()
    try:
        found = header(path)
    except Unreadable:
        return Picture(name, *(digest_of(path)), None, "")
    return Picture(name, *digest_of(path), found.size, found.mode)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file; of one that may not be read or is lost, its own path stands for the digest."""
    try:
        return sha256(path), path.stat().st_size
    except OSError:
        return f"unreadable: {path}", 0
