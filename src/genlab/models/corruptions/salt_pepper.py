"""Salt-and-pepper noise: Vincent et al., 2010, "Stacked Denoising Autoencoders" (JMLR 11), section 3.3."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import Fraction
from genlab.models.base.corruption import AnyNoise, Corruption


class SaltPepper(Corruption):
    """Sets pixels to black or to white, each with the same probability; all channels of a pixel together.

    Args:
        rate: the probability of each pixel to become one of the two.
    """

    def __init__(self, rate: Fraction) -> None:
        self.rate = rate

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        u = noise.uniform("corruption", len(x), 1, *x.shape[2:])
        return x.masked_fill(u < self.rate / 2, 0.0).masked_fill(u >= 1 - self.rate / 2, 1.0)
