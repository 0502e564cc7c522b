"""Warning signs computed from pixel values."""

from __future__ import annotations

from torch import Tensor

EDGE = 1.5 / 255  # the two outermost of the 256 grey levels, at either end


def saturated(x: Tensor) -> Tensor:
    """The share of values within 1/255 of black or white. [B, C, H, W] in [0, 1] -> [B]."""
    return ((x < EDGE) | (x > 1 - EDGE)).float().flatten(1).mean(1)
