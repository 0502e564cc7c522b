"""What every translation job has, of pictures and of sounds: a model that is able, files, results, and what is told of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar

import torch
from omegaconf import DictConfig

from genlab import console
from genlab.contracts import ConfigError, DataSpec, Problem, Translates, Unreadable
from genlab.files import replacing
from genlab.translate.inputs import Inputs, Medium, unwritable
from genlab.translate.sheet import Sheet


@dataclass
class Job(ABC):
    """One translation job and its results: ``notes`` counts messages, ``skipped`` lists unreadable files.

    ``spec``: the data set that the model was trained on.
    """

    medium: ClassVar[Medium]

    cfg: DictConfig
    model: Any
    spec: DataSpec
    inputs: Inputs
    output: Path
    done: int = 0
    skipped: list[Path] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    sheet: Sheet = field(init=False)

    def __post_init__(self) -> None:
        """Create an empty sheet."""
        self.sheet = Sheet(self.inputs, self.output)

    @abstractmethod
    def everything(self) -> None:
        """Translate all files and write the sheet."""

    @abstractmethod
    def remarks(self) -> Iterator[str]:
        """What is said of the way before it begins."""

    @property
    def device(self) -> torch.device:
        """The model's device."""
        return next(self.model.parameters()).device

    @property
    def side(self) -> Any:
        """The side that is translated, a or b."""
        return "a" if self.cfg.direction == "AtoB" else "b"

    def require_able(self) -> None:
        """Refuse a model that does not translate, or a direction that it lacks.

        Raises:
            ConfigError: with what it can do.
        """
        name, cfg = type(self.model).__name__, self.cfg
        if not isinstance(self.model, Translates):
            what = f"is a {name}, which does not translate {self.medium.word}s"
            other = f"{console.program('generate')} ckpt=…"
            remedy = f"Give a run of model=pix2pix or model=cyclegan; other models: {other}"
            raise ConfigError([Problem(f"ckpt={cfg.ckpt}", what, remedy)])
        height = max(getattr(net, "height", None) or 1 for net in self.generators())  # some networks take one only
        column = torch.zeros(1, self.spec.channels(self.side), height, 1, device=self.device)
        self.model.translate(column, cfg.direction)  # says what it cannot do

    def generators(self) -> list[Any]:
        """The model's networks that translate."""
        return list(self.model.working().values())

    def skip(self, path: Path, error: Unreadable) -> None:
        """Go on without a file that cannot be read, in a line.

        Raises:
            Unreadable: ``data.on_error`` is ``stop``.
        """
        if self.cfg.data.on_error == "stop":
            raise error
        self.skipped.append(path)
        console.say(f"skipped   {path}: {error.why}")

    @contextmanager
    def written(self, path: Path) -> Iterator[IO[Any]]:
        """The file for the translation of ``path``: whole, or not there.

        Raises:
            ConfigError: it cannot be written.
        """
        target = self.output / self.inputs.name(path)
        with self.writing(target), replacing(target, "wb") as file:
            yield file

    @contextmanager
    def writing(self, target: Path) -> Iterator[None]:
        """While a file is made in a folder that may have to be made, too.

        Raises:
            ConfigError: it cannot be written.
        """
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise ConfigError([unwritable(self.output, target, error)]) from error

    def title(self) -> str:
        """Of the sheet."""
        return f"{type(self.model).__name__} {self.cfg.direction}"
