"""Translates pictures: in batches of equal size where that gives the same result, large ones in strips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from genlab import console
from genlab.console import progress
from genlab.contracts import ConfigError, DataError, DataSpec, Problem, Translates, Unreadable
from genlab.data.files.decode import Reading, header
from genlab.data.files.picture_io import Picture, read, write
from genlab.files import replacing
from genlab.models.base.translation import draws_in_evaluation, with_generators
from genlab.translate.inputs import Inputs, unwritable
from genlab.translate.large.strips import InStrips, require_known
from genlab.translate.large.tiles import InTiles
from genlab.translate.sheet import Sheet

HALVES = "twice as wide as high, like the pairs that the model was trained on: translated whole; cut out the half first"
LARGE = 2**20  # pixels of a picture, or of a batch, from which memory counts


@dataclass
class Translation:
    """One translation job and its results: ``notes`` counts messages, ``skipped`` lists unreadable files.

    ``spec``: the data set that the model was trained on. ``halves``: its pairs lay side by side in one file.
    """

    cfg: DictConfig
    model: Any
    spec: DataSpec
    halves: bool
    inputs: Inputs
    output: Path
    done: int = 0
    skipped: list[Path] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    sheet: Sheet = field(init=False)

    def __post_init__(self) -> None:
        """Create an empty sheet."""
        self.sheet = Sheet(self.inputs, self.output)

    @property
    def sees(self) -> Reading:
        """How files are read: as the images of the side that is translated were."""
        channels = self.spec.channels("a" if self.cfg.direction == "AtoB" else "b")
        return Reading(channels, self.spec.range, self.cfg.data.max_pixels)

    @property
    def device(self) -> torch.device:
        """The model's device."""
        return next(self.model.parameters()).device

    def require_able(self) -> None:
        """Refuse a model that does not translate, a direction it lacks, or strips for unknown layers.

        Raises:
            ConfigError: with what it can do.
        """
        name, cfg = type(self.model).__name__, self.cfg
        if not isinstance(self.model, Translates):
            what = f"is a {name}, which does not translate pictures"
            other = f"{console.program('generate')} ckpt=…"
            remedy = f"Give a run of model=pix2pix or model=cyclegan; other models: {other}"
            raise ConfigError([Problem(f"ckpt={cfg.ckpt}", what, remedy)])
        height = max(getattr(net, "height", None) or 1 for net in self.generators())  # some networks take one only
        column = torch.zeros(1, self.sees.channels, height, 1, device=self.device)
        self.model.translate(column, cfg.direction)  # says what it cannot do
        if cfg.memory == "strips":
            for net in self.generators():
                require_known(net)

    def generators(self) -> list[Any]:
        """The model's networks that translate."""
        return list(self.model.working().values())

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
        self.sheet.write(f"{type(self.model).__name__} {self.cfg.direction}")

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
            if self.cfg.data.on_error == "stop":
                raise
            self.skipped.append(path)
            console.say(f"skipped   {path}: {error.why}")
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
        name = self.inputs.name(path)
        target = self.output / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target, "wb") as file:
                self.notes.update(write(values, picture, file, path.suffix))
        except OSError as error:
            raise ConfigError([unwritable(self.output, target, error)]) from error
        self.sheet.add(path, picture.values, values)


def size_of(path: Path) -> tuple[int, int] | None:
    """(width, height), upright; None where the header cannot be read, which reading the file will tell."""
    try:
        return header(path).size
    except Unreadable:
        return None
