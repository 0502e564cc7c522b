"""Translates pictures: in batches of equal size where that gives the same result, large ones in strips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from genlab.console import progress
from genlab.contracts import ConfigError, DataError, Problem, Unreadable
from genlab.data.files.decode import Reading, header
from genlab.data.files.picture_io import Picture, read, write
from genlab.models.base.translation import draws_in_evaluation, with_generators
from genlab.translate.inputs import PICTURES, Medium
from genlab.translate.job import Job
from genlab.translate.large.strips import InStrips, require_known
from genlab.translate.large.tiles import OVERLAP, SIDE, InTiles

HALVES = "twice as wide as high, like the pairs that the model was trained on: translated whole; cut out the half first"
LARGE = 2**20  # pixels of a picture, or of a batch, from which memory counts
TILED = (
    f"memory=tiles: squares of {SIDE} pixels one by one; this is NOT the result of the whole picture (memory=strips is)"
)


@dataclass
class Translation(Job):
    """Pictures. ``halves``: the pairs that the model was trained on lay side by side in one file."""

    medium: ClassVar[Medium] = PICTURES

    halves: bool = False

    @property
    def sees(self) -> Reading:
        """How files are read: as the images of the side that is translated were."""
        return Reading(self.spec.channels(self.side), self.spec.range, self.cfg.data.max_pixels)

    def require_able(self) -> None:
        """Refuse also strips for unknown layers.

        Raises:
            ConfigError: with what it can do.
        """
        super().require_able()
        if self.cfg.memory == "strips":
            for net in self.generators():
                require_known(net)

    def remarks(self) -> Iterator[str]:
        """What is said of the way before it begins."""
        if self.cfg.memory == "tiles":
            yield f"{TILED}; neighbours share {OVERLAP}"
        if self.together() < self.cfg.batch_size:
            yield "batch_size=1: with dropout (model.inference_dropout) each picture is translated by itself"

    def everything(self) -> None:
        """Translate all pictures and write the sheet."""
        with progress("translating", len(self.inputs.files), unit="pictures") as advance:
            for batch in self.batches():
                shapes: dict[object, dict[Path, Picture]] = {}  # EXIF may turn pictures that are stored alike
                for path in batch:
                    if (picture := self.reading(path)) is not None:
                        shapes.setdefault(picture.values.shape, {})[path] = picture
                for pictures in shapes.values():
                    self.batch(pictures, advance)
                advance(len(batch) - sum(map(len, shapes.values())))  # those that cannot be read
        self.sheet.write(self.title())

    def batches(self) -> Iterator[list[Path]]:
        """Files grouped by the size in their headers; an unreadable file is a group of its own."""
        groups: dict[object, list[Path]] = {}
        for path in self.inputs.files:
            groups.setdefault(size_of(path) or path, []).append(path)
        for size, paths in groups.items():
            most = min(self.together(), max(1, LARGE // (size[0] * size[1]))) if isinstance(size, tuple) else 1
            yield from (paths[i : i + most] for i in range(0, len(paths), most))

    def together(self) -> int:
        """``batch_size``, or 1 if the model draws dropout in evaluation, which would depend on the batch."""
        return 1 if draws_in_evaluation(self.model) else self.cfg.batch_size

    def reading(self, path: Path) -> Picture | None:
        """Read a picture; print a line and return None if it cannot be read.

        Raises:
            Unreadable: ``data.on_error`` is ``stop``.
        """
        try:
            picture = read(path, self.sees)
        except Unreadable as error:
            self.skip(path, error)
            return None
        height, width = picture.values.shape[1:]
        self.notes.update([*picture.notes, *([HALVES] if self.halves and width == 2 * height else [])])
        return picture

    def batch(self, pictures: dict[Path, Picture], advance: Callable[[float], object]) -> None:
        """Translate and write pictures of equal size; progress also advances within a large picture."""
        told: list[float] = []  # shares of the work

        def tell(share: float) -> None:
            told.append(share)
            advance(share * len(pictures))

        x = torch.from_numpy(np.stack([picture.values for picture in pictures.values()])).to(self.device)
        made = self.translated(x, next(iter(pictures)), tell).cpu().numpy()
        for (path, picture), values in zip(pictures.items(), made, strict=True):
            self.write(path, picture, values)
            self.done += 1
        tell(1 - sum(told))

    def translated(self, x: torch.Tensor, path: Path, tell: Callable[[float], object]) -> torch.Tensor:
        """Translate [B, C, H, W] in [0, 1] to the same.

        Raises:
            ConfigError: out of memory.
            DataError: the networks do not take such pictures.
        """
        height, width = x.shape[2:]
        try:
            with self.way(height * width, tell):
                made: torch.Tensor = self.model.translate(x, self.cfg.direction)
                return made
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        except (MemoryError, RuntimeError) as error:
            if not any(words in str(error).lower() for words in ("memory", "alloc")):
                raise
            remedy = "Type: memory=tiles" if self.cfg.memory != "direct" else "Type: memory=strips"
            what = f"there is not enough memory for {path}, {width}x{height} pixels"
            raise ConfigError([Problem(f"memory={self.cfg.memory}", what, remedy)]) from error

    def way(self, pixels: int, tell: Callable[[float], object]) -> AbstractContextManager[None]:
        """While open, the model translates by the method that ``memory`` selects, and reports progress."""
        asked = self.cfg.memory
        if asked == "tiles":
            return with_generators(self.model, partial(InTiles, progress=tell))
        if asked == "strips" or (asked == "auto" and pixels > LARGE and self.known()):
            return with_generators(self.model, partial(InStrips, progress=tell))
        return nullcontext()

    def known(self) -> bool:
        """Whether all layers of the generators are supported in strips; those of a user's own may not be."""
        try:
            for net in self.generators():
                require_known(net)
        except ConfigError:
            return False
        return True

    def write(self, path: Path, picture: Picture, values: np.ndarray) -> None:
        """Write one translation atomically and add it to the sheet.

        Raises:
            ConfigError: it cannot be written.
        """
        with self.written(path) as file:
            self.notes.update(write(values, picture, file, path.suffix))
        self.sheet.add(path, picture.values, values)


def size_of(path: Path) -> tuple[int, int] | None:
    """(width, height), upright; None where the header cannot be read, which reading the file will tell."""
    try:
        return header(path).size
    except Unreadable:
        return None
