"""Pixel-wise distances between images."""

from __future__ import annotations

from torch import Tensor

from genlab.losses.precision import at_least_float32, per_image


def l1(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference. [B, C, H, W] twice -> [B]."""
    return per_image((at_least_float32(x) - at_least_float32(y)).abs())
