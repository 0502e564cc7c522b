"""Gaussian noise: Vincent et al., 2010, "Stacked Denoising Autoencoders" (JMLR 11), section 3.3."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import NonNegativeFloat
from genlab.models.base.corruption import AnyNoise, Corruption


class Gaussian(Corruption):
    """Adds independent Gaussian noise to every number, then clips to [0, 1].

    Args:
        sigma: its standard deviation, where white is 1.
    """

    def __init__(self, sigma: NonNegativeFloat) -> None:
        self.sigma = sigma

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        return (x + self.sigma * noise.normal("corruption", *x.shape).to(x.dtype)).clamp(0, 1)
