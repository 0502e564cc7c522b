"""Points in the plane from standard toy densities, on which the modes that a GAN misses can be seen and counted.

``ring`` and ``grid`` are the mixtures of the literature on mode collapse (Srivastava et al., 2017, arXiv:1705.07761), with
the parameters of Lin et al., 2018 (arXiv:1712.04086).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import Kind, LabelKind
from genlab.data.sets.drawn_points import Count, drawn_points
from genlab.data.store.source import Modes, PreparedData, Source, limited
from genlab.random import keyed

Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]
Name = Literal["ring", "grid", "moons", "spiral"]


@dataclass(frozen=True)
class Density:
    """Equally likely modes or arms, and Gaussian noise of standard deviation ``sigma`` around them.

    ``centre``: (mode or arm, int64 [N]; position along the arm, uniform in [0, 1), [N]) -> [N, 2].
    """

    names: tuple[str, ...]
    sigma: float
    centre: Curve
    arms: bool = False  # curves, not points


def ring(mode: np.ndarray, along: np.ndarray) -> np.ndarray:
    """8 points on the unit circle."""
    return around(2 * np.pi * mode / 8)


def grid(mode: np.ndarray, along: np.ndarray) -> np.ndarray:
    """25 points, {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4}."""
    return np.stack([mode % 5, mode // 5], 1) * 2.0 - 4.0


def moons(arm: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Two interleaved half circles of radius 1, as in scikit-learn's ``make_moons``."""
    upper = around(np.pi * along)
    return np.where(arm[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)


def spiral(arm: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Two arms of an Archimedean spiral, radius 0.2 to 2 (at 1.5 turns), uniform along their length except near the centre."""
    radius = np.sqrt(0.2**2 + (2**2 - 0.2**2) * along)
    return radius[:, None] * around(1.5 * np.pi * radius + np.pi * arm)


def around(angle: np.ndarray) -> np.ndarray:
    """Points on the unit circle, [N] -> [N, 2]."""
    return np.stack([np.cos(angle), np.sin(angle)], 1)


DENSITIES: dict[str, Density] = {
    "ring": Density(tuple(f"{45 * mode} degrees" for mode in range(8)), 0.01, ring),
    "grid": Density(tuple(f"({2 * (mode % 5) - 4}, {2 * (mode // 5) - 4})" for mode in range(25)), 0.05, grid),
    "moons": Density(("upper", "lower"), 0.05, moons, arms=True),
    "spiral": Density(("one arm", "other arm"), 0.03, spiral, arms=True),
}


class Toy2D(Source):
    """Independent draws from a density in the plane; 80 / 10 / 10 % of them.

    Args:
        name: ``ring`` (8 modes), ``grid`` (25), ``moons`` or ``spiral`` (2 arms each).
        count: points in all, at least 10.
        subset_seed: seed of the draw, separate from ``seed`` so that all runs see the same points.
        batch_size: points per step, on each device.
        limit: use only this many training points; None for all.
    """

    kind: ClassVar[Kind] = "points"
    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)

    def __init__(
        self, name: Name, count: Count, subset_seed: NonNegativeInt, batch_size: PositiveInt, limit: PositiveInt | None
    ) -> None:
        self.name, self.count, self.subset_seed = name, count, subset_seed
        self.batch_size, self.limit = batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Draw the points; nothing is cached, since drawing takes no longer than reading."""
        density = DENSITIES[self.name]
        x, label = self.draw(density)
        return limited(drawn_points(f"toy2d_{self.name}", x, label, density.names, modes_of(density)), self.limit)

    def draw(self, density: Density) -> tuple[np.ndarray, np.ndarray]:
        """Points, float32 [N, 2], and the mode or arm of each, int64 [N]."""
        dice = keyed("toy2d", self.name, self.subset_seed)
        label = dice.integers(len(density.names), size=self.count)
        centre = density.centre(label, dice.random(self.count))
        return (centre + density.sigma * dice.standard_normal((self.count, 2))).astype(np.float32), label


def modes_of(density: Density) -> Modes | None:
    """The centres of a mixture of Gaussians; None for curves."""
    if density.arms:
        return None
    every = np.arange(len(density.names))
    return Modes(density.centre(every, np.zeros(len(every))).astype(np.float32), density.sigma)
