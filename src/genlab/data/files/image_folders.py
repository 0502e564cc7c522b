"""Shared by the image-to-image sets: decoding pictures of any size into a store, resized by a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from genlab.config.types import OnError
from genlab.contracts import DataError
from genlab.data.files.decode import array_of, naming, opened
from genlab.data.files.decode_in_parallel import Row, decode_rows
from genlab.data.files.preprocess import Recipe
from genlab.data.store.columns import Column, Ragged
from genlab.data.store.source import Columns
from genlab.data.store.store import Decoded, Part, Store, key_of, open_or_build


@dataclass(frozen=True)
class ImageStoreRecipe:
    """Files by part, and how they become arrays.

    Args:
        root: the folder that all files lie in.
        parts: by name of the part, the file of each row (the first one of a pair).
        fields: the columns that each row fills.
        decode: (file, training) -> an array for each field, with the recipe applied.
        channels: 1 or 3.
        recipe: how pictures are resized.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` it.
    """

    root: Path
    parts: dict[str, list[Path]]
    fields: tuple[str, ...]
    decode: Callable[[Path, bool], Row]
    channels: int
    recipe: Recipe
    on_error: OnError

    def store(self, cache_root: Path, name: str, kind: str, also: tuple[Path, ...] = ()) -> Store:
        """Open or build the store. ``also``: further source files, which count towards its key."""
        recipe: dict[str, Any] = {"kind": kind, **vars(self.recipe), "channels": self.channels}
        recipe |= {"on_error": self.on_error, "parts": {part: len(files) for part, files in self.parts.items()}}
        key = key_of(recipe, [*(f for files in self.parts.values() for f in files), *also], self.root)
        return open_or_build(cache_root, name, key, self.decoded)

    def decoded(self) -> Decoded:
        """Input of the store build; files are decoded lazily."""
        skipped: list[str] = []
        parts = {}
        for part, files in self.parts.items():
            rows = decode_rows(files, self.decoder(part.startswith("train")), self.on_error, skipped, self.root)
            parts[part] = Part(len(files), self.fields, rows)
        return Decoded(parts, {"skipped": skipped})

    def decoder(self, training: bool) -> Callable[[Path], Row]:
        """``decode`` with ``training`` fixed."""
        return lambda path: self.decode(path, training)


def array(picture: Image.Image, recipe: Recipe, training: bool, path: Path) -> np.ndarray:
    """A picture resized by the recipe, uint8 [C, H, W]."""
    with naming(path):
        return array_of(recipe.apply(picture, training))


def load(path: Path, channels: int, recipe: Recipe, training: bool) -> np.ndarray:
    """A file decoded and resized by the recipe, uint8 [C, H, W].

    Raises:
        Unreadable: the file is not a picture, or is damaged.
    """
    return array(opened(path, channels), recipe, training, path)


def shape_of(columns: Columns, recipe: Recipe) -> tuple[int, ...]:
    """(C, H, W) of a batch's images; of the first image if they are not cropped and differ in size."""
    column: Column = next(iter(columns.values()))
    channels, height, width = column[0].shape
    return (channels, *(recipe.crop or (height, width)))


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
