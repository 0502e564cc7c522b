"""The film of a GAN that learns points: the numbers of its frames while it trains, the film once it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genlab.callbacks.observer import Observer
from genlab.callbacks.samples import preserved_rng
from genlab.config.types import AtLeastTwo, PositiveInt
from genlab.console import say
from genlab.contracts import DataError
from genlab.data.store.source import PreparedData
from genlab.film.frame import Frame, Scene
from genlab.film.kept import chosen, forget_after, keep
from genlab.film.write import write_film
from genlab.metrics.landscape import box_around, frame_of, require_landscape
from genlab.models.base.model import Model
from genlab.runs.writing import attempt

REAL = 1000  # real points that are shown


class Landscape(Observer):
    """Keeps a frame in ``tables/landscape/`` before the first batch and every n batches; writes the film at the end.

    ``images/landscape.gif`` and ``.html`` end with the weights of the end, also of a training that was stopped. A resumed
    run goes on with the frames of its checkpoint. No frame draws from the random state of the training.

    Args:
        every_n_batches: between two frames.
        points: generated points in a frame.
        grid: places along each side at which D is asked.
        frames: in the film, at most: of more, some are left out evenly.
    """

    def __init__(self, every_n_batches: PositiveInt, points: PositiveInt, grid: AtLeastTwo, frames: AtLeastTwo) -> None:
        super().__init__(every_n_batches)
        self.points, self.grid, self.frames = points, grid, frames
        self.folder = Path()

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

    def begin(self, model: Model) -> None:
        """Delete frames from after the checkpoint; of a run that begins anew, every one."""
        with attempt(self.kept):
            forget_after(self.kept, model.batches_seen if model.batches_seen else -1)

    def observe(self, model: Model) -> None:
        """Keep the frame of now; training goes on if that fails."""
        with attempt(self.kept):
            keep(self.now(model), self.kept)

    @property
    def kept(self) -> Path:
        """Where the frames are."""
        return self.folder / "tables" / "landscape"

    def now(self, model: Model) -> Frame:
        """The frame of now."""
        with preserved_rng(model.device):
            return frame_of(model, model.batches_seen, self.scene.real, self.box, self.points, self.grid)

    # ---- film ------------------------------------------------------------------------------------------------------

    def conclude(self, model: Model) -> None:
        """Write the film of the kept frames and of now."""
        try:
            with attempt(self.folder / "images" / "landscape.html"):
                frames = [*chosen(Frame, self.kept, self.frames - 1)]
                if not frames or frames[-1].step != model.batches_seen:
                    frames.append(self.now(model))
                write_film(self.scene, frames, self.folder / "images", "landscape")
        except DataError as error:
            say(f"WARNING   no film: {error}")
