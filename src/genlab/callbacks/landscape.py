"""The film of a GAN that learns points: what it makes and what D thinks, while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genlab.callbacks.film import Film
from genlab.config.types import AtLeastTwo, PositiveInt
from genlab.data.store.source import PreparedData
from genlab.film.frame import Frame, Scene
from genlab.film.write import write_film
from genlab.metrics.landscape import box_around, frame_of, require_landscape
from genlab.models.base.model import Model

REAL = 1000  # real points that are shown


class Landscape(Film):
    """Films points and D before the first batch and every n batches: ``images/landscape.gif`` and ``.html``.

    Args:
        every_n_batches: between two frames.
        points: generated points in a frame.
        grid: places along each side at which D is asked.
        frames: in the film, at most: of more, some are left out evenly.
    """

    name, kind = "landscape", Frame

    def __init__(self, every_n_batches: PositiveInt, points: PositiveInt, grid: AtLeastTwo, frames: AtLeastTwo) -> None:
        super().__init__(every_n_batches, frames)
        self.points, self.grid = points, grid

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

    def frame(self, model: Model) -> Frame:
        """Points and D's beliefs."""
        return frame_of(model, model.batches_seen, self.scene.real, self.box, self.points, self.grid)

    def write(self, frames: Sequence[Frame], folder: Path) -> None:
        """Write the film."""
        write_film(self.scene, frames, folder, self.name)
