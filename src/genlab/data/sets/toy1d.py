"""Points on a line from a mixture of Gaussians: data whose density can be drawn beside the generator's.

The set behind the picture that introduced GANs: Goodfellow et al., 2014 (arXiv:1406.2661), figure 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from genlab.config.types import NonNegativeInt, PositiveFloat, PositiveInt
from genlab.contracts import Kind, LabelKind
from genlab.data.sets.drawn_points import Count, drawn_points
from genlab.data.store.source import Modes, PreparedData, Source, limited
from genlab.random import keyed


class Toy1D(Source):
    """Independent draws from equally likely Gaussians on the line; 80 / 10 / 10 % of them.

    Args:
        centres: of the Gaussians, one or more.
        sigma: standard deviation of each.
        count: points in all, at least 10.
        subset_seed: seed of the draw, separate from ``seed`` so that all runs see the same points.
        batch_size: points per step, on each device.
        limit: use only this many training points; None for all.
    """

    kind: ClassVar[Kind] = "points"
    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)

    def __init__(
        self,
        centres: Annotated[list[float], Field(min_length=1)],
        sigma: PositiveFloat,
        count: Count,
        subset_seed: NonNegativeInt,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.centres, self.sigma = [float(centre) for centre in centres], sigma
        self.count, self.subset_seed = count, subset_seed
        self.batch_size, self.limit = batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Draw the points; nothing is cached, since drawing takes no longer than reading."""
        dice = keyed("toy1d", self.centres, self.sigma, self.subset_seed)
        label = dice.integers(len(self.centres), size=self.count)
        centres = np.array(self.centres)[:, None]
        x = (centres[label] + self.sigma * dice.standard_normal((self.count, 1))).astype(np.float32)
        names = tuple(f"at {centre:g}" for centre in self.centres)
        modes = Modes(centres.astype(np.float32), self.sigma)
        return limited(drawn_points("toy1d", x, label, names, modes), self.limit)
