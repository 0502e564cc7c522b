"""Convolutions that predict what is to be added to an image.

VDSR: Kim et al., 2016 (arXiv:1511.04587); DnCNN: Zhang et al., 2017 (arXiv:1608.03981); on folded pixels, FFDNet: Zhang et
al., 2018 (arXiv:1710.04026).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from genlab.config.types import Activation, PositiveInt
from genlab.nets.activation import activation
from genlab.nets.blocks import require_sides


class ResidualConvGenerator(nn.Module):
    """Image [B, inputs, H, W] in [-1, 1] -> image [B, outputs, H, W]: the input plus what the convolutions find.

    Of an image with other channels than its input, the convolutions find the whole.
    ``multiple``: what both sides must be multiples of; ``smallest``: the shortest side it takes.
    """

    def __init__(self, inputs: int, outputs: int, config: ResidualConv) -> None:
        super().__init__()
        self.multiple = self.smallest = config.fold
        self.residual = inputs == outputs
        pixels = config.fold**2
        widths = [inputs * pixels, *[config.width] * (config.depth - 1), outputs * pixels]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), activation(config.activation)]
        self.model = nn.Sequential(nn.PixelUnshuffle(config.fold), *layers[:-1], nn.PixelShuffle(config.fold))

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        require_sides(x, self.multiple)
        found: Tensor = self.model(x)
        return x + found if self.residual else found


class ResidualConv:
    """Builds the network.

    Args:
        width: channels between the layers.
        depth: layers of 3x3 convolutions; an output pixel sees (2 depth + 1) * fold pixels a side.
        fold: each block of fold x fold pixels becomes one pixel with fold^2 times the channels; 1: pixels as they are.
        activation: between the layers.
    """

    def __init__(
        self, width: PositiveInt, depth: Annotated[int, Field(ge=2)], fold: PositiveInt, activation: Activation
    ) -> None:
        self.width, self.depth, self.fold, self.activation = width, depth, fold, activation

    def generator(self, inputs: int, outputs: int) -> ResidualConvGenerator:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        return ResidualConvGenerator(inputs, outputs, self)
