"""The numbers behind one picture of a game in one or two dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def nothing() -> np.ndarray:
    """No numbers."""
    return np.zeros(0, np.float32)


@dataclass(frozen=True)
class Scene:
    """What all frames have in common.

    Attributes:
        title: what plays here.
        real: real points, float32 [N, D].
        centres: of the Gaussians that they were drawn from, each equally often, [M, D]; None where that is not known.
        sigma: their standard deviation.
    """

    title: str
    real: np.ndarray
    centres: np.ndarray | None = None
    sigma: float = 0.0


@dataclass(frozen=True)
class Frame:
    """One moment. R is the number of places along each side of the grid.

    Attributes:
        step: batches seen.
        box: the corners of what is shown, float32 [2, D].
        belief: D's probability at the places of a grid over it, float32 [R] or [R, R] (rows upwards).
        fake: generated points, of the same z in every frame, float32 [N, D].
        z: places on the axis of z, [A], in one dimension and for a z of one number; else empty.
        image: G(z) of each, [A].
    """

    step: int
    box: np.ndarray
    belief: np.ndarray
    fake: np.ndarray
    z: np.ndarray = field(default_factory=nothing)
    image: np.ndarray = field(default_factory=nothing)

    def along(self, side: int) -> np.ndarray:
        """The places of the grid along a side of the box, [R]."""
        low, high = self.box[:, side].tolist()
        return np.linspace(low, high, len(self.belief))
