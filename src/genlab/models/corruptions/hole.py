"""A square hole, as in inpainting: Pathak et al., 2016, "Context Encoders" (arXiv:1604.07379), section 3.3."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from genlab.config.types import Fraction
from genlab.contracts import ConfigError, Problem
from genlab.models.base.corruption import AnyNoise, Corruption

Share = Annotated[float, Field(gt=0, lt=1)]


class Hole(Corruption):
    """Fills a square with one grey level.

    Args:
        share: of the image's area that the square covers; its side is rounded to whole pixels.
        place: ``anywhere``, drawn for each image, or ``centre``.
        fill: the grey level, 0 black to 1 white, in all channels.
    """

    def __init__(self, share: Share, place: Literal["anywhere", "centre"], fill: Fraction) -> None:
        self.share, self.place, self.fill = share, place, fill

    def side(self, height: int, width: int) -> int:
        """The side of the square, in pixels."""
        return max(1, round(math.sqrt(self.share * height * width)))

    def require(self, shape: tuple[int, ...]) -> None:
        """The square must fit into the image.

        Raises:
            ConfigError: with a share that fits.
        """
        height, width = shape[1:]
        side, most = self.side(height, width), min(height, width)
        if side > most:
            what = f"a square of {side}x{side} pixels is larger than the images of {width}x{height}"
            largest = math.floor(100 * most**2 / (height * width)) / 100
            problem = Problem(f"model.corruption.share={self.share}", what, f"Type: model.corruption.share={largest}")
            raise ConfigError([problem])

    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        height, width = x.shape[2:]
        side = self.side(height, width)
        if self.place == "centre":
            top, left = (torch.full_like(x[:, 0, 0, 0], (extent - side) // 2) for extent in (height, width))
        else:
            down, right = noise.uniform("corruption", len(x), 2).to(x.dtype).unbind(1)
            top, left = (down * (height - side + 1)).floor(), (right * (width - side + 1)).floor()
        rows, columns = inside(top, side, height, x.device), inside(left, side, width, x.device)  # [B, H], [B, W]
        return x.masked_fill((rows[:, :, None] & columns[:, None, :]).unsqueeze(1), self.fill)


def inside(start: Tensor, side: int, extent: int, device: torch.device) -> Tensor:
    """Which of ``extent`` places lie in the interval of ``side`` places from ``start``. [B] -> [B, extent]."""
    place = torch.arange(extent, device=device)
    return (place >= start[:, None]) & (place < start[:, None] + side)
