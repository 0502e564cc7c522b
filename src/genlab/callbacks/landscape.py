"""The film of a GAN that learns points: the numbers of its frames while it trains, the film once it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np

from genlab.callbacks.checkpoints import passed
from genlab.callbacks.samples import preserved_rng
from genlab.config.types import AtLeastTwo, PositiveInt
from genlab.console import say
from genlab.contracts import DataError, NonFiniteLoss, Stopped
from genlab.data.store.source import PreparedData
from genlab.film.frame import Frame, Scene
from genlab.film.kept import chosen, forget_after, keep
from genlab.film.write import write_film
from genlab.metrics.landscape import box_around, frame_of, require_landscape
from genlab.models.base.model import Model
from genlab.runs.writing import attempt

REAL = 1000  # real points that are shown


class Landscape(pl.Callback):
    """Keeps a frame in ``tables/landscape/`` before the first batch and every n batches; writes the film at the end.

    ``images/landscape.gif`` and ``.html`` end with the weights of the end, be it that of the training, of a signal that
    stopped it, or of a loss that was not finite. A resumed run goes on with the frames of its checkpoint. Rank 0 alone
    does anything; no frame draws from the random state of the training.

    Args:
        every_n_batches: between two frames.
        points: generated points in a frame.
        grid: places along each side at which D is asked.
        frames: in the film, at most: of more, some are left out evenly.
    """

    def __init__(self, every_n_batches: PositiveInt, points: PositiveInt, grid: AtLeastTwo, frames: AtLeastTwo) -> None:
        self.every_n_batches, self.points, self.grid, self.frames = every_n_batches, points, grid, frames
        self.folder = Path()
        self.training = False
        self.looked = 0  # batches seen when it was last asked whether a frame is due

    def attach(self, model: Model, prepared: PreparedData, title: str) -> None:
        """Set what is shown: the model over the validation points of the set.

        Raises:
            ConfigError: there is no landscape to be shown.
        """
        require_landscape(model, prepared.spec.shape, "callbacks.landscape")
        points, modes = prepared.points["val"], prepared.modes
        assert points is not None  # it is a set of points
        real = np.array(points[:REAL])
        self.box = box_around(real)
        self.scene = Scene(title, real, modes.centres, modes.sigma) if modes is not None else Scene(title, real)

    # ---- frames ----------------------------------------------------------------------------------------------------

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Delete frames from after the checkpoint; keep one of the weights that nothing has moved yet."""
        self.training, self.looked = trainer.is_global_zero, pl_module.batches_seen
        if self.training:
            with attempt(self.kept):
                forget_after(self.kept, pl_module.batches_seen if pl_module.batches_seen else -1)
            if not pl_module.batches_seen:
                self.keep(pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep a frame if one is due, between two updates."""
        if not self.training or pl_module.inside_update():
            return
        before, self.looked = self.looked, pl_module.batches_seen
        if passed(self.every_n_batches, before, self.looked):
            self.keep(pl_module)

    @property
    def kept(self) -> Path:
        """Where the frames are."""
        return self.folder / "tables" / "landscape"

    def keep(self, model: Model) -> None:
        """Write the frame of now; training goes on if that fails."""
        with attempt(self.kept):
            keep(self.now(model), self.kept)

    def now(self, model: Model) -> Frame:
        """The frame of now."""
        with preserved_rng(model.device):
            return frame_of(model, model.batches_seen, self.scene.real, self.box, self.points, self.grid)

    # ---- film ------------------------------------------------------------------------------------------------------

    def on_train_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Write the film."""
        self.end(pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: Model, exception: BaseException) -> None:
        """Write the film of a training that was stopped, and of one whose loss was not finite."""
        if isinstance(exception, Stopped | NonFiniteLoss):
            self.end(pl_module)

    def end(self, model: Model) -> None:
        """Write the film of the kept frames and of now, unless that is done already."""
        if not self.training:
            return
        self.training = False
        try:
            with attempt(self.folder / "images" / "landscape.html"):
                frames = [*chosen(Frame, self.kept, self.frames - 1)]
                if not frames or frames[-1].step != model.batches_seen:
                    frames.append(self.now(model))
                write_film(self.scene, frames, self.folder / "images", "landscape")
        except DataError as error:
            say(f"WARNING   no film: {error}")
