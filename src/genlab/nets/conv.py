"""Convolutional encoder and decoder for images of any size and number of channels."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from genlab.config.types import Activation, PositiveInt
from genlab.nets.activation import activation

Norm = Literal["none", "group", "batch"]
SMALLEST = 4  # the strided layers stop when the shorter side has come down to this


def norm_layer(name: Norm, channels: int) -> nn.Module:
    """A norm layer by name; group norm has groups of 16 channels, or one group if 16 does not divide them."""
    if name == "batch":
        return nn.BatchNorm2d(channels)
    if name == "group":
        return nn.GroupNorm(max(1, channels // 16) if channels % 16 == 0 else 1, channels)
    return nn.Identity()


def halved_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes that stride-2 layers pass through, from the image down: 28 -> 14 -> 7 -> 4."""
    sizes = [(height, width)]
    while min(sizes[-1]) > SMALLEST:
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


class CropTo(nn.Module):
    """Crop the bottom and right edges, to restore an odd size after doubling: 4 -> 8 -> 7."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H', W'] -> [B, C, H, W]."""
        return x[..., : self.height, : self.width]


class Conv:
    """Builds an encoder of stride-2 convolutions and a decoder of transposed ones.

    Args:
        width: channels after the first layer; they double with each halving, up to ``max_width``.
        max_width: the most channels of any layer.
        activation: between the layers.
        norm: ``none`` and ``group`` treat each image alone; ``batch`` mixes the images of a batch.
    """

    def __init__(self, width: PositiveInt, max_width: PositiveInt, activation: Activation, norm: Norm) -> None:
        self.width, self.max_width, self.activation, self.norm = width, max_width, activation, norm

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        sizes, widths = self._plan(shape)
        layers: list[nn.Module] = []
        for inputs, channels in pairwise(widths):
            layers += [nn.Conv2d(inputs, channels, 3, stride=2, padding=1), *self._after(channels)]
        height, width = sizes[-1]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * height * width, outputs))

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], or [B, P, C, H, W] of P numbers a pixel, without a last activation: logits or means."""
        sizes, widths = self._plan(shape)
        sizes, widths = sizes[::-1], widths[::-1]
        height, width = sizes[0]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, widths[0] * height * width),
            nn.Unflatten(1, (widths[0], height, width)),
            *self._after(widths[0]),
        ]
        for (inputs, channels), size in zip(pairwise(widths), sizes[1:], strict=True):
            layers += [nn.ConvTranspose2d(inputs, channels, 4, stride=2, padding=1), CropTo(*size)]
            layers += self._after(channels)
        whole = [nn.Unflatten(1, shape[:-2])] if len(shape) > 3 else []
        return nn.Sequential(*layers[: -len(self._after(1))], *whole)

    def _plan(self, shape: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[int]]:
        channels, height, width = math.prod(shape[:-2]), *shape[-2:]
        sizes = halved_sizes(height, width)
        return sizes, [channels, *(min(self.width * 2**i, self.max_width) for i in range(len(sizes) - 1))]

    def _after(self, channels: int) -> list[nn.Module]:
        return [norm_layer(self.norm, channels), activation(self.activation)]
