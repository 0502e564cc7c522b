"""Gaussian blur."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.config.types import PositiveFloat
from genlab.contracts import ConfigError, Problem
from genlab.models.base.corruption import AnyNoise, Corruption


class Blur(Corruption):
    """Convolves with a Gaussian, cut at three standard deviations; beyond the border its pixels are repeated. Draws nothing.

    Args:
        sigma: the standard deviation, in pixels.
    """

    def __init__(self, sigma: PositiveFloat) -> None:
        self.sigma = sigma

    def require(self, shape: tuple[int, ...]) -> None:
        """A bell as wide as the image leaves nothing of it.

        Raises:
            ConfigError: with the largest sigma that is taken.
        """
        if self.sigma > (most := min(shape[1:]) / 2):
            key, what = "model.corruption.sigma", f"leaves nothing of images of {shape[2]}x{shape[1]}"
            raise ConfigError(
                [Problem(f"{key}={self.sigma:g}", what, f"Type: {key}={min(2, most):g}, at most {most:g}")]
            )

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        radius, planes = math.ceil(3 * self.sigma), x.flatten(0, 1).unsqueeze(1)  # [B C, 1, H, W]
        place = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
        bell = (-0.5 * (place / self.sigma).square()).exp()
        bell = bell / bell.sum()
        planes = F.pad(planes, (radius,) * 4, mode="replicate")
        blurred = F.conv2d(F.conv2d(planes, bell.view(1, 1, -1, 1)), bell.view(1, 1, 1, -1))
        return blurred.view_as(x).clamp(0, 1)
