"""The generator of CycleGAN-VC2: gated convolutions, in two dimensions at both ends and in one between them.

Kaneko et al., 2019, "CycleGAN-VC2: Improved CycleGAN-based Non-parallel Voice Conversion" (arXiv:1904.04631), section 3.2;
the gates are those of Dauphin et al., 2016 (arXiv:1612.08083), eq. 1.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.nets.blocks import Norm, norm_layer, require_height, require_sides

Upsample = Literal["shuffle", "nearest"]
ENDS = (5, 15)  # rows and columns of the first kernel and of the last


class Gated212DGenerator(nn.Module):
    """Image [B, inputs, H, W] in [-1, 1] -> image [B, outputs, H, W] in [-1, 1], for one H and any W.

    In the middle the rows of the small image are channels, so each of its columns is one place of a sequence: convolutions
    along it see the whole height at once. The sequence is an image of one row, [B, channels, 1, W'].

    ``multiple``: what both sides must be multiples of; ``smallest``: the shortest side it takes; ``height``: H.
    """

    def __init__(self, inputs: int, outputs: int, height: int, config: Gated212D) -> None:
        super().__init__()
        self.height, self.multiple, self.smallest = height, 2**config.num_downs, 2 * 2**config.num_downs
        self.rows = max(1, height // self.multiple)
        norm, width = config.norm, config.width
        aside = (ENDS[0] // 2, ENDS[1] // 2)
        down: list[nn.Module] = [nn.Conv2d(inputs, 2 * width, ENDS, padding=aside), nn.GLU(1)]
        for _ in range(config.num_downs):
            down += gated(nn.Conv2d(width, 4 * width, 5, 2, 2, bias=norm == "none"), norm, 2 * width)
            width *= 2
        up: list[nn.Module] = []
        self.down, self.inward = nn.Sequential(*down), pointwise(width * self.rows, config.channels, norm)
        self.blocks = nn.Sequential(*(GatedBlock(config.channels, norm, config.dropout) for _ in range(config.blocks)))
        self.outward = pointwise(config.channels, width * self.rows, norm)
        for _ in range(config.num_downs):
            up += gated(doubling(config.upsample, width, width, norm), norm, width // 2)
            width //= 2
        self.up = nn.Sequential(*up, nn.Conv2d(width, outputs, ENDS, padding=aside), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W].

        Raises:
            DataError: another height, or a width that is no multiple.
        """
        require_height(x, self.height)
        require_sides(x, self.multiple)
        sequence = self.inward(self.down(x).flatten(1, 2).unsqueeze(2))
        sequence = self.outward(self.blocks(sequence))
        made: Tensor = self.up(sequence.squeeze(2).unflatten(1, (-1, self.rows)))
        return made


class GatedBlock(nn.Module):
    """x + f(x) along a sequence, f with a gate. [B, C, 1, W] -> [B, C, 1, W].

    Its last norm has a scale but no shift, which the norms that follow would take out again, but at the ends of the sequence.
    """

    def __init__(self, channels: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        first = gated(along(channels, 2 * channels, norm), norm, channels)
        between = [nn.Dropout(0.5)] if dropout else []
        last = norm_layer(norm, channels, affine=True)
        last.register_parameter("bias", None)
        self.change = nn.Sequential(*first, *between, along(channels, channels, norm), last)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, 1, W] -> [B, C, 1, W]."""
        return x + self.change(x)


def gated(layer: nn.Module, norm: Norm, channels: int) -> list[nn.Module]:
    """A layer with two outputs a channel, value and gate: value sigmoid(gate), both normalised before."""
    return [layer, norm_layer(norm, 2 * channels, affine=True), nn.GLU(1)]


def pointwise(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """[B, inputs, 1, W] -> [B, outputs, 1, W], every place by itself."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=norm == "none"), norm_layer(norm, outputs, affine=True))


def along(inputs: int, outputs: int, norm: Norm) -> nn.Conv2d:
    """A convolution over three places of a sequence. [B, inputs, 1, W] -> [B, outputs, 1, W]."""
    return nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1), bias=norm == "none")


def doubling(upsample: Upsample, inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """Twice the height and the width. [B, inputs, H, W] -> [B, outputs, 2 H, 2 W].

    Args:
        upsample: ``shuffle``: four channels become the four pixels of a square (Shi et al., 2016, arXiv:1609.05158);
            ``nearest``: nearest-neighbour, then the convolution.
        inputs: channels.
        outputs: channels.
        norm: what comes after it.
    """
    if upsample == "nearest":
        larger = nn.Upsample(scale_factor=2, mode="nearest")
        return nn.Sequential(larger, nn.Conv2d(inputs, outputs, 5, padding=2, bias=norm == "none"))
    return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 5, padding=2, bias=norm == "none"), nn.PixelShuffle(2))


class Gated212D:
    """Builds the generator, for images of one height.

    Args:
        width: channels at full resolution, behind the gate; they double with each halving.
        channels: of the sequence.
        blocks: residual blocks along the sequence.
        num_downs: number of times the resolution is halved.
        norm: after each convolution but the first and the last, with a scale and a shift for each channel.
        upsample: how the resolution is doubled again.
        dropout: drop half of the features in each residual block.
    """

    def __init__(
        self,
        width: PositiveInt,
        channels: PositiveInt,
        blocks: PositiveInt,
        num_downs: PositiveInt,
        norm: Norm,
        upsample: Upsample,
        dropout: bool,
    ) -> None:
        self.width, self.channels, self.blocks, self.num_downs = width, channels, blocks, num_downs
        self.norm, self.upsample, self.dropout = norm, upsample, dropout

    def of_height(self, height: int) -> OfHeight:
        """The family for images of ``height`` pixels."""
        return OfHeight(self, height)


class OfHeight:
    """Builds the generator for images of ``height`` pixels."""

    def __init__(self, config: Gated212D, height: int) -> None:
        self.config, self.height = config, height

    def generator(self, inputs: int, outputs: int) -> Gated212DGenerator:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        return Gated212DGenerator(inputs, outputs, self.height, self.config)
