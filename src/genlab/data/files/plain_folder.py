"""A folder of pictures as it is, without splits or classes: every picture in it and below it, in the order of their names."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genlab.config.types import OnError
from genlab.console import progress
from genlab.contracts import DataError, Unreadable
from genlab.data.files.decode import Header, Reading, array_of, covering, header, naming, opened
from genlab.data.files.decode_in_parallel import LONG, Row, decode_rows, in_order
from genlab.data.files.findings import Findings
from genlab.data.files.formats import NAMED
from genlab.data.files.listing import look_in
from genlab.data.files.options import FileOptions
from genlab.data.files.splits import split_of
from genlab.data.store.store import key_of

Size = tuple[int, int]  # (H, W)


@dataclass(frozen=True)
class PlainFolder:
    """The pictures of a folder by their headers.

    Args:
        key: the key that names the folder, for messages.
        root: the folder.
        files: its pictures whose headers can be read.
        sizes: how many have each size (H, W).
        channels: 3 if any has colour, else 1.
        skipped: names of the others.
        remarks: what else is in the folder.
    """

    key: str
    root: Path
    files: list[Path]
    sizes: Counter[Size]
    channels: int
    skipped: tuple[str, ...]
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key}={self.root}"

    def name(self, path: Path) -> str:
        """The name of a file, relative to the folder."""
        return path.relative_to(self.root).as_posix()


def look_at_folder(key: str, root: Path, options: FileOptions) -> PlainFolder:
    """List a folder and read the header of each picture.

    Raises:
        DataError: there is no such folder, or fewer than two pictures in it; or a file cannot be read, and
            ``options.on_error`` is ``stop``.
    """
    require_directory(key, root)
    listing = look_in(root, options.on_error)
    if not listing.files:
        raise DataError(f"{key}={root}: there is no picture ({NAMED}) in it or below it.")
    found, skipped = headers_of(listing.files, options, f"looking at {key}")
    files = [path for path in listing.files if path in found]
    if len(files) < 2:
        what = f"there is {len(files)} picture in it that can be read" if files else "no picture in it can be read"
        raise DataError(f"{key}={root}: {what}. Features are compared by their mean and spread: give at least 2.")
    sizes = Counter((height, width) for width, height in (one.size for one in found.values()))
    channels = options.channels or (1 if all(one.grey for one in found.values()) else 3)
    names = tuple(listing.name(path) for path in skipped)
    remarks = (*listing.remarks(), *of_splits(root, files))
    return PlainFolder(key, root, files, sizes, channels, names, remarks)


def require_directory(key: str, root: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: with a folder of a similar name, if there is one.
    """
    if root.is_dir():
        return
    if root.exists():
        raise DataError(f"{key}={root} is a file. Give the folder of the images: {key}={root.parent}")
    beside = [path.name for path in root.parent.iterdir() if path.is_dir()] if root.parent.is_dir() else []
    near = difflib.get_close_matches(root.name, beside, n=1)
    remedy = f"Did you mean {key}={root.with_name(near[0])} ?" if near else f"Type: {key}=DIR with images in it."
    raise DataError(f"{key}={root}: there is no such folder. {remedy}")


def headers_of(files: list[Path], options: FileOptions, title: str) -> tuple[dict[Path, Header], list[Path]]:
    """The header of each file, and the files that have none.

    Raises:
        Unreadable: a file is not a picture, and ``options.on_error`` is ``stop``.
    """
    found, skipped = {}, []
    with progress(title, len(files), shown=len(files) >= LONG, unit="files") as advance:
        for path, result in zip(files, in_order(files, header), strict=True):
            try:
                found[path] = result()
            except Unreadable:
                if options.on_error == "stop":
                    raise
                skipped.append(path)
            advance()
    return found, skipped


def of_splits(root: Path, files: list[Path]) -> Iterator[str]:
    """A remark on sub-folders that a data set would take for its splits: here all are taken together."""
    tops = sorted({path.relative_to(root).parts[0] for path in files if path.parent != root})
    if splits := [name for name in tops if split_of(name)]:
        yield f"the images of {', '.join(splits)} are taken together; one alone: {root / splits[0]}"


def require_common_form(a: PlainFolder, b: PlainFolder, size: Size | None) -> tuple[int, int, int]:
    """The shape (C, H, W) of all images of two folders. ``size``: what they are resized to; None: they have one already.

    Raises:
        DataError: they differ in size or in colour, with the remedy.
    """
    if a.channels != b.channels:
        grey, colour = (a, b) if a.channels == 1 else (b, a)
        raise DataError(
            f"the images of {grey} are grey, those of {colour} have colour. Type: data.channels=1 to compare all "
            "as grey, or data.channels=3 to repeat the grey ones to three channels."
        )
    if size is not None:
        return (a.channels, *size)
    for folder in (a, b):
        if len(folder.sizes) > 1:
            few = ", ".join(f"{n:,} of {as_words(one)}" for one, n in folder.sizes.most_common(3))
            more = " …" if len(folder.sizes) > 3 else ""
            raise DataError(
                f"the images of {folder} have {len(folder.sizes):,} sizes ({few}{more}). {remedy_for(a, b)}"
            )
    (of_a,), (of_b,) = a.sizes, b.sizes
    if of_a != of_b:
        what = f"the images of {a} are {as_words(of_a)}, those of {b} {as_words(of_b)}"
        raise DataError(f"{what}: compared like that they would differ by their size alone. {remedy_for(a, b)}")
    return (a.channels, *of_a)


def remedy_for(a: PlainFolder, b: PlainFolder) -> str:
    """The size of the generated images, or the smallest, to resize all to."""
    height, width = (
        next(iter(a.sizes)) if len(a.sizes) == 1 else min([*a.sizes, *b.sizes], key=lambda one: one[0] * one[1])
    )
    typed = f"{height}" if height == width else f"{height}x{width}"
    return f"Type: size={typed} to scale and centre-crop all to that, as a data set does."


def as_words(size: Size) -> str:
    """A size (H, W) for people: width x height."""
    return f"{size[1]} x {size[0]}"


@dataclass(frozen=True)
class Pictures:
    """How the pictures of a folder become arrays of one shape.

    Args:
        folder: whose files.
        reading: how they are read.
        shape: (C, H, W) of every array.
        resized: whether they are scaled to cover ``shape`` and cropped to its middle, or have this size already.
        on_error: ``stop`` at a damaged file, or ``skip`` it.
    """

    folder: PlainFolder
    reading: Reading
    shape: tuple[int, int, int]
    resized: bool
    on_error: OnError

    def __len__(self) -> int:
        return len(self.folder.files)

    @property
    def key(self) -> str:
        """A hash of the files' names, sizes and times, and of everything that changes their arrays."""
        how = [self.reading.channels, self.reading.range, self.reading.resample, self.shape, self.resized]
        return key_of({"plain": how}, self.folder.files, self.folder.root)

    def rows(self, rows: range) -> tuple[list[np.ndarray], Findings]:
        """The images at these places, uint8 [C, H, W] each, without those that are skipped; and what was noticed.

        Raises:
            Unreadable: a file is damaged, and ``on_error`` is ``stop``.
        """
        findings = Findings(self.folder.root)
        files = self.folder.files[rows.start : rows.stop]
        found = decode_rows(files, lambda path: self.decode(path, findings), self.on_error, findings)
        return [row[0] for row in found if row is not None], findings

    def decode(self, path: Path, findings: Findings) -> Row:
        """One file.

        Raises:
            Unreadable: it is damaged.
        """
        picture, pixels = opened(path, self.reading)
        with naming(path):
            array = covering(picture, self.shape[:0:-1], self.reading) if self.resized else array_of(picture)
            if array.shape != self.shape:
                raise ValueError(f"it is {as_words(array.shape[1:])}, which its header did not tell")
        findings.see(pixels, self.reading)
        return (array,)
