"""What a survey of a set's files has in common, whatever they are: digests, damaged files and duplicates."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from genlab.console import progress
from genlab.data.files.decode_in_parallel import THREADS
from genlab.files import sha256

LONG = 500  # files from which a person should see a bar


@dataclass(frozen=True)
class File(ABC):
    """One file: its path below the set's folder, its digest and size in bytes."""

    name: str
    sha256: str
    bytes: int

    @property
    @abstractmethod
    def is_readable(self) -> bool:
        """Whether it is what its name says."""


Found = TypeVar("Found", bound=File)


@dataclass(frozen=True)
class Surveyed(Generic[Found]):
    """The files of each part, in order, and the folder that contains them all."""

    root: Path
    parts: dict[str, list[Found]]

    @property
    def every(self) -> list[Found]:
        """The files of all parts."""
        return [file for files in self.parts.values() for file in files]

    def path(self, name: str) -> str:
        """A file's full path, with ``/`` on every system."""
        return (self.root / name).as_posix()

    def unreadable(self) -> list[str]:
        """The names of files whose header cannot be read."""
        return [file.name for file in self.every if not file.is_readable]

    def copies_within(self) -> dict[str, list[list[str]]]:
        """For each part, the groups of identical files."""
        return {part: [names for names in same(files) if len(names) > 1] for part, files in self.parts.items()}

    def copies_between(self) -> list[dict[str, str]]:
        """Groups of identical files across parts, with one file per part: part -> file."""
        homes: dict[str, dict[str, str]] = defaultdict(dict)
        for part, files in self.parts.items():
            for file in files:
                homes[file.sha256].setdefault(part, file.name)
        return [names for names in homes.values() if len(set(names.values())) > 1]


def same(files: Sequence[File]) -> list[list[str]]:
    """The names of files, grouped by identical bytes."""
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for file in files:
        groups[file.sha256][file.name] = None
    return [list(names) for names in groups.values()]


def looked_at(files: dict[str, list[Path]], look: Callable[[Path, Path], Found]) -> tuple[Path, dict[str, list[Found]]]:
    """``look`` of (file, folder) once for every file. -> the folder that contains them all, and what was found by part."""
    every = list(dict.fromkeys(path for paths in files.values() for path in paths))
    if not every:
        return Path(), {part: [] for part in files}
    root = Path(os.path.commonpath([path.parent for path in every]))
    seen: dict[Path, Found] = {}
    with (
        ThreadPoolExecutor(THREADS) as pool,
        progress("looking at the files", len(every), shown=len(every) >= LONG, unit="files") as advance,
    ):
        for path, found in zip(every, pool.map(lambda path: look(path, root), every), strict=True):
            seen[path] = found
            advance()
    return root, {part: [seen[path] for path in paths] for part, paths in files.items()}


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file; of one that may not be read or is lost, its own path stands for the digest."""
    try:
        return sha256(path), path.stat().st_size
    except OSError:
        return f"unreadable: {path}", 0
