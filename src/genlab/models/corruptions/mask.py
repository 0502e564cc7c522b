"""Masking noise: Vincent et al., 2008, "Extracting and Composing Robust Features with Denoising Autoencoders"."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import BelowOne
from genlab.models.base.corruption import AnyNoise, Corruption


class Mask(Corruption):
    """Sets pixels to 0, all channels of one together (section 2.3; there an exact number of them, here on average).

    Args:
        rate: the probability of each pixel.
    """

    def __init__(self, rate: BelowOne) -> None:
        self.rate = rate

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        kept = noise.uniform("corruption", len(x), 1, *x.shape[2:]) >= self.rate
        return x * kept
