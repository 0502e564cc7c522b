"""Shared by the sets of picture files: decoding them into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlab.config.types import OnError
from genlab.contracts import DataError
from genlab.data.files.decode import Reading, array_of, covering, naming, opened
from genlab.data.files.decode_in_parallel import Row, channels_of, decode_rows, look_at
from genlab.data.files.findings import Findings
from genlab.data.files.options import FileOptions
from genlab.data.files.preprocess import Recipe
from genlab.data.store.columns import Column, Ragged
from genlab.data.store.source import Columns
from genlab.data.store.store import Decoded, Part, Store, key_of, open_or_build

Parts = dict[str, list[Path]]
Decode = Callable[[Path, str, Reading, Findings], Row]


def no_labels(files: list[Path]) -> dict[str, np.ndarray]:
    """No columns besides the images."""
    return {}


def alone(path: Path) -> tuple[Path, ...]:
    """A row of one file."""
    return (path,)


@dataclass(frozen=True)
class ImageStoreRecipe:
    """Files by part, and how they become arrays.

    Args:
        root: the folder that all files lie in.
        parts: by name of the part, the file of each row (the first one of a pair).
        fields: the columns that each row fills.
        decode: (file, part, reading, findings) -> an array for each field.
        options: how files are read.
        facts: what else changes the result, for the store's key.
        complete: cuts missing parts off the others, once the unreadable files are known; None: there are none.
        members: all files of a row.
        known: the columns that need no decoding, of the files of a part.
        named: the store keeps the name of each row's file, for messages.
    """

    root: Path
    parts: Parts
    fields: tuple[str, ...]
    decode: Decode
    options: FileOptions
    facts: dict[str, Any]
    complete: Callable[[Parts], Parts] | None = None
    members: Callable[[Path], tuple[Path, ...]] = alone
    known: Callable[[list[Path]], dict[str, np.ndarray]] = no_labels
    named: bool = False

    @property
    def files(self) -> list[Path]:
        """Every file, once."""
        rows = (row for part in self.parts.values() for row in part)
        return list(dict.fromkeys(file for row in rows for file in self.members(row)))

    def store(self, cache_root: Path, name: str, texts: tuple[Path, ...] = ()) -> Store:
        """Open or build the store. ``texts``: further source files, which count towards its key."""
        counts = {part: len(files) for part, files in self.parts.items()}
        recipe = {**self.facts, **asdict(self.options), "parts": counts, "cut": self.complete is not None}
        return open_or_build(cache_root, name, key_of(recipe, [*self.files, *texts], self.root), self.decoded)

    def decoded(self) -> Decoded:
        """Input of the store build; files are decoded lazily."""
        options, findings, parts = self.options, Findings(self.root), self.parts
        reading = options.reading(options.channels or channels_of(self.files))
        if options.range == "set" or (options.on_error == "skip" and self.complete is not None):
            bad, found = look_at(self.files, reading, options.on_error, findings)
            parts = {part: [row for row in rows if not bad & {*self.members(row)}] for part, rows in parts.items()}
            reading = options.reading(reading.channels, found)
        if self.complete is not None:
            parts = self.complete(parts)
        made = {
            part: Part(len(rows), self.fields, self.rows(part, rows, reading, findings), self.known(rows))
            for part, rows in parts.items()
        }
        return Decoded(made, lambda: findings.facts(reading.range) | {"files": self.names(parts, findings.skipped)})

    def names(self, parts: Parts, skipped: list[str]) -> dict[str, list[str]]:
        """The names of the files of the rows that are kept; empty unless ``named``."""
        if not self.named:
            return {}
        left_out = {self.root / name for name in skipped}
        return {
            part: [row.relative_to(self.root).as_posix() for row in rows if not left_out & {*self.members(row)}]
            for part, rows in parts.items()
        }

    def rows(self, part: str, rows: list[Path], reading: Reading, findings: Findings) -> Iterator[Row | None]:
        """The rows of a part, decoded."""
        on_error: OnError = self.options.on_error
        return decode_rows(rows, lambda path: self.decode(path, part, reading, findings), on_error, findings)


def of_store(store: Store, remarks: tuple[str, ...] = (), skipped: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a ``DataSpec`` that a store and a listing give."""
    facts = store.facts
    span = None if facts["range"] is None else tuple(facts["range"])
    return {
        "digest": store.digest,
        "skipped": (*skipped, *facts["skipped"]),
        "remarks": (*remarks, *facts["remarks"]),
        "range": span,
    }


def load(path: Path, reading: Reading, recipe: Recipe, training: bool, findings: Findings) -> np.ndarray:
    """A file decoded and resized by the recipe, uint8 [C, H, W].

    Raises:
        Unreadable: the file is not a picture, or is damaged.
    """
    picture, pixels = opened(path, reading)
    findings.see(pixels, reading)
    with naming(path):
        return array_of(recipe.apply(picture, training, reading.filter))


def load_covering(path: Path, side: int, reading: Reading, findings: Findings, crop: int | None = None) -> np.ndarray:
    """A file decoded and scaled to cover a square, of which the middle is kept, uint8 [C, side, side].

    ``crop``: side in original pixels of a central square that is cut out first.

    Raises:
        Unreadable: the file is not a picture, or is damaged.
    """
    picture, pixels = opened(path, reading)
    findings.see(pixels, reading)
    with naming(path):
        return covering(picture, (side, side), reading, crop)


def shape_of(column: Column, recipe: Recipe) -> tuple[int, ...]:
    """(C, H, W) of a batch's images; of the first image if they are not cropped and differ in size."""
    channels, height, width = column[0].shape
    return (channels, *(recipe.crop or (height, width)))


def heights_differ(columns: Columns, recipe: Recipe) -> bool:
    """Whether images that are not cropped are of several heights."""
    if recipe.crop is not None:
        return False
    heights = {int(h) for c in columns.values() for h in (c.shapes[:, 1] if isinstance(c, Ragged) else c.shape[2:3])}
    return len(heights) > 1


def own_channels(a: tuple[int, ...], b: tuple[int, ...]) -> int | None:
    """The channels of images of shape ``b``; None if images of shape ``a`` have as many."""
    return None if a[0] == b[0] else b[0]


def require_batches(train: Columns, recipe: Recipe, batch_size: int) -> None:
    """Refuse batches of images that differ in size.

    Raises:
        DataError: ``batch_size`` is above 1, and images differ in size and are not cropped.
    """
    if recipe.crop is None and batch_size > 1 and any(isinstance(column, Ragged) for column in train.values()):
        raise DataError(
            f"data.preprocess={recipe.name} leaves images of different sizes, which do not go into batches of "
            f"{batch_size}. Type: data.batch_size=1 or data.preprocess=resize_and_crop"
        )
