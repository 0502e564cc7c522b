"""Gaussian blur."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.config.types import PositiveFloat
from genlab.models.base.corruption import AnyNoise, Corruption


class Blur(Corruption):
    """Convolves with a Gaussian, cut at three standard deviations; beyond the border its pixels are repeated. Draws nothing.

    Args:
        sigma: the standard deviation, in pixels.
    """

    def __init__(self, sigma: PositiveFloat) -> None:
        self.sigma = sigma

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        radius, planes = math.ceil(3 * self.sigma), x.flatten(0, 1).unsqueeze(1)  # [B C, 1, H, W]
        place = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
        bell = (-0.5 * (place / self.sigma).square()).exp()
        bell = bell / bell.sum()
        planes = F.pad(planes, (radius,) * 4, mode="replicate")
        blurred = F.conv2d(F.conv2d(planes, bell.view(1, 1, -1, 1)), bell.view(1, 1, 1, -1))
        return blurred.view_as(x).clamp(0, 1)
