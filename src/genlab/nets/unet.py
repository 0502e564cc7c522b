"""The generator of pix2pix: an encoder-decoder with skip connections at every resolution.

Ronneberger et al., 2015 (arXiv:1505.04597); Isola et al., 2017 (arXiv:1611.07004), appendix.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.nets.blocks import Norm, Upsample, biased, doubling, initialise, norm_layer, require_sides

NumDowns = Annotated[int, Field(ge=5)]
WIDEST = 8  # times the first width


class Level(nn.Module):
    """One level: downsampling, the levels below, upsampling, and the input concatenated to the output (skip connection).

    [B, C, H, W] -> [B, C + outer, H, W], where ``outer`` is the number of upsampled channels.
    """

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C + outer, H, W]."""
        return torch.cat([x, self.model(x)], 1)


class Outermost(nn.Module):
    """The highest resolution, without a skip connection. [B, inputs, H, W] -> [B, outputs, H, W] in [-1, 1]."""

    def __init__(self, inputs: int, outputs: int, below: nn.Module, config: UNet) -> None:
        super().__init__()
        width = config.width
        down = nn.Conv2d(inputs, width, 4, stride=2, padding=1, bias=biased(config.norm))
        up = doubling(config.upsample, 2 * width, outputs, 4, bias=True)
        self.model = nn.Sequential(down, below, nn.ReLU(), up, nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        return self.model(x)


class UNetGenerator(nn.Module):
    """Image [B, inputs, H, W] in [-1, 1] -> image [B, outputs, H, W] in [-1, 1].

    ``multiple``: what both sides must be multiples of; ``smallest``: the shortest side it takes.
    """

    def __init__(self, inputs: int, outputs: int, config: UNet) -> None:
        super().__init__()
        self.multiple = self.smallest = 2**config.num_downs
        width = config.width
        widest = WIDEST * width
        below = innermost(widest, config)
        for _ in range(config.num_downs - 5):
            below = middle(widest, widest, below, config, dropout=config.dropout)
        for outer in (4 * width, 2 * width, width):
            below = middle(outer, 2 * outer, below, config, dropout=False)
        self.model = Outermost(inputs, outputs, below, config)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        require_sides(x, self.multiple)
        return self.model(x)


def middle(outer: int, inner: int, below: nn.Module, config: UNet, dropout: bool) -> Level:
    """A level from ``outer`` channels down to ``inner`` and back."""
    bias = biased(config.norm)
    down = [nn.LeakyReLU(0.2), nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=bias)]
    up = [nn.ReLU(), doubling(config.upsample, 2 * inner, outer, 4, bias), norm_layer(config.norm, outer)]
    return Level([*down, norm_layer(config.norm, inner), below, *up, *([nn.Dropout(0.5)] if dropout else [])])


def innermost(channels: int, config: UNet) -> Level:
    """The bottleneck, without a norm on the way down, since a single pixel may be left there."""
    bias = biased(config.norm)
    down = [nn.LeakyReLU(0.2), nn.Conv2d(channels, channels, 4, stride=2, padding=1, bias=bias)]
    up = [nn.ReLU(), doubling(config.upsample, channels, channels, 4, bias), norm_layer(config.norm, channels)]
    return Level([*down, *up])


class UNet:
    """Builds the generator.

    Args:
        width: channels after the first layer; they double with each halving, up to eight times this.
        num_downs: number of times the image is halved: 8 brings 256 pixels down to one, 7 brings 128.
        norm: after each convolution but the first, the innermost one on the way down, and the last.
        upsample: how the resolution is doubled.
        dropout: drop half of the features on the way up, in the ``num_downs`` - 5 widest levels above the innermost one.
            The original implementation, in Torch, has it in the three innermost levels instead.
    """

    def __init__(self, width: PositiveInt, num_downs: NumDowns, norm: Norm, upsample: Upsample, dropout: bool) -> None:
        self.width, self.num_downs, self.norm, self.upsample, self.dropout = width, num_downs, norm, upsample, dropout

    def generator(self, inputs: int, outputs: int) -> UNetGenerator:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        return UNetGenerator(inputs, outputs, self)
