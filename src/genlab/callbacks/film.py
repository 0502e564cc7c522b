"""A film of a training: frames kept while it goes on, none lost or doubled by a stop, and the film of them at its end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from genlab.callbacks.observer import Observer
from genlab.callbacks.samples import preserved_rng
from genlab.console import say
from genlab.contracts import DataError
from genlab.film.kept import chosen, forget_after, keep
from genlab.models.base.model import Model
from genlab.runs.writing import attempt


class Film(Observer):
    """Keeps a frame in ``tables/<name>/`` at every observation; writes ``images/<name>.gif`` and ``.html`` at the end.

    They end with the weights of the end, also of a training that was stopped. A resumed run goes on with the frames of its
    checkpoint. No frame draws from the random state of the training, which goes on where one cannot be written.

    Args:
        every_n_batches: between two frames.
        frames: in the film, at most: of more, some are left out evenly.
    """

    name: ClassVar[str]
    kind: ClassVar[type[Any]]  # of the frames, a dataclass of numbers and arrays

    def __init__(self, every_n_batches: int, frames: int) -> None:
        super().__init__(every_n_batches)
        self.frames, self.folder = frames, Path()

    @abstractmethod
    def frame(self, model: Model) -> Any:
        """What is seen of the model now."""

    @abstractmethod
    def write(self, frames: Sequence[Any], folder: Path) -> None:
        """Write the film of the frames into the folder."""

    @property
    def kept(self) -> Path:
        """Where the frames are."""
        return self.folder / "tables" / self.name

    def begin(self, model: Model) -> None:
        """Delete frames from after the checkpoint; of a run that begins anew, every one."""
        with attempt(self.kept):
            forget_after(self.kept, model.batches_seen if model.batches_seen else -1)

    def observe(self, model: Model) -> None:
        """Keep the frame of now."""
        with attempt(self.kept):
            keep(self.now(model), self.kept)

    def now(self, model: Model) -> Any:
        """The frame of now; the training notices nothing of it."""
        with preserved_rng(model.device):
            return self.frame(model)

    def conclude(self, model: Model) -> None:
        """Write the film of the kept frames and of now."""
        images = self.folder / "images"
        try:
            with attempt(images / f"{self.name}.html"):
                frames = [*chosen(self.kind, self.kept, self.frames - 1)]
                if not frames or frames[-1].step != model.batches_seen:
                    frames.append(self.now(model))
                self.write(frames, images)
        except DataError as error:
            say(f"WARNING   no film: {error}")
