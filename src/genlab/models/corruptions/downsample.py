"""Low resolution, as in super-resolution: downsampled, then enlarged again by bicubic interpolation.

So what a model restores is compared with bicubic interpolation: ``psnr_corrupted`` is that of the latter.
"""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from genlab.contracts import ConfigError, Problem
from genlab.models.base.corruption import AnyNoise, Corruption


class Downsample(Corruption):
    """Bicubic downsampling (antialiased, as in the literature: Dong et al., 2014, arXiv:1501.00092), then bicubic
    interpolation back to full size, both with the kernel of Pillow and MATLAB (a = -0.5). Draws nothing.

    Args:
        factor: how many times smaller each side becomes.
    """

    def __init__(self, factor: Annotated[int, Field(ge=2)]) -> None:
        self.factor = factor

    def require(self, shape: tuple[int, ...]) -> None:
        """Both sides must be multiples of the factor.

        Raises:
            ConfigError: with factors that are.
        """
        height, width = shape[1:]
        if height % self.factor or width % self.factor:
            fitting = [n for n in range(2, min(height, width)) if height % n == 0 and width % n == 0]
            remedy = " or ".join(f"model.corruption.factor={n}" for n in fitting[:4])
            what = f"images of {width}x{height} cannot be made {self.factor} times smaller"
            remedy = f"Type: {remedy}" if remedy else "Choose another size: data.image_size=…"
            raise ConfigError([Problem(f"model.corruption.factor={self.factor}", what, remedy)])

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        size = x.shape[2:]
        small = F.interpolate(x, [side // self.factor for side in size], mode="bicubic", antialias=True).clamp(0, 1)
        return F.interpolate(small, size, mode="bicubic", antialias=True).clamp(0, 1)  # without: a = -0.75
