"""Every file below a folder: through symbolic links, and with what cannot be listed or is no picture."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genlab.config.types import OnError
from genlab.contracts import DataError
from genlab.data.files.formats import is_picture


@dataclass
class Listing:
    """The files below ``root``; hidden ones are ignored.

    ``files``: those that are ``wanted`` by their endings, sorted; a link with such an ending is one even if it points nowhere.
    ``others``: counts of the other files, by ending. ``lost``: other links that point nowhere. ``closed``: folders that
    cannot be listed.
    """

    root: Path
    wanted: Callable[[Path], bool] = is_picture
    files: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    lost: list[Path] = field(default_factory=list)
    closed: dict[Path, str] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Add a file or a link that points nowhere."""
        if self.wanted(path):
            self.files.append(path)
        elif path.exists():
            self.others[path.suffix.lower() or path.name] += 1
        else:
            self.lost.append(path)

    def remarks(self) -> Iterator[str]:
        """What is below the folder and not used, in a line each."""
        if self.others:
            yield f"left alone: {', '.join(f'{n:,} {ending}' for ending, n in sorted(self.others.items()))}"
        if self.lost:
            yield f"links that point nowhere: {few([self.name(path) for path in self.lost])}"
        if self.closed:
            yield f"folders that cannot be listed: {few([self.name(path) for path in self.closed])}"

    def without(self, names: Iterable[str], parts: dict[str, list[Path]]) -> dict[str, list[Path]]:
        """The parts without the files of these names."""
        left_out = set(names)
        return {part: [path for path in files if self.name(path) not in left_out] for part, files in parts.items()}

    def name(self, path: Path) -> str:
        """A path relative to the root, with ``/`` on every system."""
        return path.relative_to(self.root).as_posix()


def look_in(
    folder: Path,
    on_error: OnError = "stop",
    apart: Path | None = None,
    wanted: Callable[[Path], bool] = is_picture,
) -> Listing:
    """List a folder, and the folders below it except ``apart``; ``wanted`` files by their paths.

    Raises:
        DataError: ``on_error`` is ``stop``, and a folder cannot be listed.
    """
    found = Listing(folder, wanted)
    walk(folder, found, (), apart)
    if found.closed and on_error == "stop":
        place, why = next(iter(found.closed.items()))
        raise DataError(
            f"{place} cannot be listed ({why}), so its files would be missing. Give the right to list it, or go on "
            "without it: data.on_error=skip"
        )
    found.files.sort()
    return found


def walk(folder: Path, found: Listing, above: tuple[tuple[int, int], ...], apart: Path | None) -> None:
    """Add what lies below ``folder``; ``above`` identifies the folders it lies in, so that no link leads round in a circle."""
    try:
        state = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.closed[folder] = error.strerror or str(error)
        return
    own = (state.st_dev, state.st_ino)
    if own in above or (apart is not None and folder.resolve() == apart):
        return
    for entry in (entry for entry in entries if not entry.name.startswith(".")):
        path = folder / entry.name
        if is_folder(entry):
            walk(path, found, (*above, own), apart)
        else:
            found.add(path)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; what may not be asked is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def few(names: list[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
