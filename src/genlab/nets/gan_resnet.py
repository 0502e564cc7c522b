"""The residual networks of spectral normalisation (Miyato et al., 2018, arXiv:1802.05957, appendix B), for any size.

As in the paper, the blocks of a pair for 32x32 or less are all of one width, and those for larger images have half as
many channels at twice the resolution. In a generator labels enter the batch norms, in a discriminator they are
projected or one more plane of the image (Miyato and Koyama, 2018, arXiv:1802.05637).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from genlab.config.types import Condition, GroupSize, PositiveInt
from genlab.contracts import Kind
from genlab.nets.framing import cropped, doublings, frame, framed, require_images
from genlab.nets.label_inputs import ConditionalBatchNorm, LabelPlane, Projection
from genlab.nets.minibatch_std import MinibatchStd
from genlab.nets.spectral_norm import normalise_spectrum

SMALL = 3  # doublings of 4: up to 32 pixels
WIDEST = 8  # times the width: 1024 channels in the paper's large networks


def initialised(layer: nn.Linear | nn.Conv2d, gain: float = 1.0) -> nn.Module:
    """The layer with Xavier's uniform weights and a bias of 0, as in the authors' code."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def residual(inputs: int, outputs: int) -> nn.Module:
    """A 3x3 convolution before or after a ReLU."""
    return initialised(nn.Conv2d(inputs, outputs, 3, padding=1), math.sqrt(2))


def shortcut(inputs: int, outputs: int) -> nn.Module:
    """A 1x1 convolution, which commutes with doubling and halving: it comes where there are fewer pixels."""
    return initialised(nn.Conv2d(inputs, outputs, 1))


def doubled(x: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, C, 2 H, 2 W], every pixel four times."""
    return interpolate(x, scale_factor=2, mode="nearest")


class Up(nn.Module):
    """A block that doubles the resolution. [B, inputs, H, W] and [B, K] -> [B, outputs, 2 H, 2 W]."""

    def __init__(self, inputs: int, outputs: int, labels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(
            [ConditionalBatchNorm(size, labels) if labels else nn.BatchNorm2d(size) for size in (inputs, outputs)]
        )
        self.convolutions = nn.ModuleList([residual(inputs, outputs), residual(outputs, outputs)])
        self.shortcut = shortcut(inputs, outputs)

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Norm, ReLU, doubling, convolution, norm, ReLU, convolution; plus the shortcut."""
        given = () if y is None else (y,)
        first, second = self.convolutions
        h = first(doubled(self.norms[0](x, *given).relu()))
        h = second(self.norms[1](h, *given).relu())
        return h + doubled(self.shortcut(x))


class Down(nn.Module):
    """A block of the discriminator. [B, inputs, H, W] -> [B, outputs, H/2, W/2], or H, W if it does not halve.

    The first one has no ReLU before the image, and all its channels from the start.
    """

    def __init__(self, inputs: int, outputs: int, is_first: bool, halves: bool) -> None:
        super().__init__()
        self.is_first, self.halves = is_first, halves
        inner = outputs if is_first else inputs
        self.convolutions = nn.ModuleList([residual(inputs, inner), residual(inner, outputs)])
        self.shortcut = shortcut(inputs, outputs) if halves or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """ReLU, convolution, ReLU, convolution, averages of 2x2; plus the shortcut."""
        first, second = self.convolutions
        h = second(first(x if self.is_first else x.relu()).relu())
        if self.halves:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)
        return h + self.shortcut(x)


class Generator(nn.Module):
    """z [B, D] and labels [B, K] -> image [B, C, H, W] in [-1, 1]."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], labels: int, width: int) -> None:
        super().__init__()
        self.height, self.width = shape[1:]
        widths = generator_widths(doublings(shape), width)
        self.first = initialised(nn.Linear(latent_dim, 16 * widths[0]))
        self.blocks = nn.ModuleList([Up(*pair, labels) for pair in pairwise(widths)])
        self.last = nn.Sequential(
            nn.BatchNorm2d(widths[-1]),
            nn.ReLU(),
            initialised(nn.Conv2d(widths[-1], shape[0], 3, padding=1)),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, D] and [B, K] -> [B, C, H, W]."""
        h = self.first(z).unflatten(1, (-1, 4, 4))
        for block in self.blocks:
            h = block(h, y)
        return cropped(self.last(h), self.height, self.width)


class Discriminator(nn.Module):
    """image [B, C, H, W] in [-1, 1] and labels [B, K] -> logit [B]."""

    def __init__(
        self, shape: tuple[int, ...], labels: int, condition: Condition | None, width: int, group: int
    ) -> None:
        super().__init__()
        stages, self.frame = doublings(shape), frame(shape)
        self.plane = LabelPlane(labels, 4 * 2**stages) if condition == "embedding" else None
        widths = [shape[0] + (self.plane is not None), *discriminator_widths(stages, width)]
        *sizes, (inputs, outputs) = pairwise(widths)
        blocks = [Down(*pair, is_first=place == 0, halves=place < halvings(stages)) for place, pair in enumerate(sizes)]
        seen = [MinibatchStd(group)] if group else []
        last = Down(inputs + (group > 0), outputs, is_first=False, halves=len(sizes) < halvings(stages))
        self.blocks = nn.Sequential(*blocks, *seen, last)
        self.last = initialised(nn.Linear(widths[-1], 1))
        self.projection = Projection(labels, widths[-1]) if condition == "projection" else None
        if self.projection is not None:
            initialised(self.projection.linear)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, C, H, W] and [B, K] -> [B]."""
        x = framed(x, self.frame)
        h = self.blocks(x if self.plane is None else self.plane(x, y))
        h = h.relu().sum((2, 3))
        logit = self.last(h).squeeze(1)
        return logit if self.projection is None else logit + self.projection(h, y)


def generator_widths(stages: int, width: int) -> list[int]:
    """Channels from 4x4 to the whole image; ``stages``: doublings. 256 each for 32 px; 1024, 512, 256, 128, 64 for 64 px."""
    if stages <= SMALL:
        return [2 * width] * (stages + 1)
    return discriminator_widths(stages, width)[::-1]


def discriminator_widths(stages: int, width: int) -> list[int]:
    """Channels after each block. Four of 128 for 32 px; 64, 128, 256, 512, 1024 for 64 px, and 1024 again for 128 px."""
    if stages <= SMALL:
        return [width] * 4
    return [min(max(width // 2, 1) * 2**place, WIDEST * width) for place in range(stages + 1)]


def halvings(stages: int) -> int:
    """How many of the first blocks halve the resolution: 32 px to 8, 64 px to 2, larger images to 4, as the authors'."""
    return 2 if stages <= SMALL else max(stages, 5)


class GANResNet:
    """Builds the two networks.

    Args:
        width: channels of the discriminator up to 32 px, where the generator has twice as many; beyond, twice those of the
            generator's last block and of the discriminator's first, from where they double up to eight times this. The
            paper's is 128.
        spectral_norm: of all weights of the discriminator.
        minibatch_std: images in a group whose standard deviation the discriminator sees before its last block; 0: it does not.
        condition: how the discriminator takes labels: ``embedding`` beside its input, or ``projection``.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images",)

    def __init__(self, width: PositiveInt, spectral_norm: bool, minibatch_std: GroupSize, condition: Condition) -> None:
        self.width, self.spectral_norm, self.minibatch_std = width, spectral_norm, minibatch_std
        self.condition = condition

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] and labels [B, labels] -> [B, C, H, W] in [-1, 1]."""
        require_images(shape, "GANResNet")
        return Generator(latent_dim, shape, labels, self.width)

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, C, H, W] in [-1, 1] and labels [B, labels] -> logit [B]."""
        require_images(shape, "GANResNet")
        net = Discriminator(shape, labels, self.condition if labels else None, self.width, self.minibatch_std)
        if self.spectral_norm:
            normalise_spectrum(net)
        return net
