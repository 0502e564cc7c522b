"""Learning-rate schedules: the factor on the learning rate as a pure function of the epochs behind us.

Nothing to save and nothing to step: a resumed run has the same rate because it has trained for as long.
"""

from __future__ import annotations

import math
from typing import Protocol

from genlab.config.types import NonNegativeFloat, PositiveFloat


class Schedule(Protocol):
    """A factor for every moment of the training."""

    def factor(self, epoch: float) -> float:
        """``epoch`` counts from 0 and has fractions: 1.5 is the middle of the second epoch."""
        ...


class Constant:
    """The learning rate as given."""

    def factor(self, epoch: float) -> float:
        """Always 1."""
        return 1.0


class Cosine:
    """Up in a straight line over ``warmup`` epochs, then down along half a cosine to 0 after ``epochs``.

    Loshchilov and Hutter, 2016 (arXiv:1608.03983), eq. 5, without restarts.
    """

    def __init__(self, epochs: PositiveFloat, warmup: NonNegativeFloat) -> None:
        self.epochs, self.warmup = epochs, warmup

    def factor(self, epoch: float) -> float:
        """0 … 1."""
        if epoch < self.warmup:
            return epoch / self.warmup
        done = min(1.0, (epoch - self.warmup) / max(self.epochs - self.warmup, 1e-9))
        return 0.5 * (1 + math.cos(math.pi * done))
