"""Fully connected networks for a GAN, as in its first paper (Goodfellow et al., 2014), for images and for points.

Plain linear layers and activations instead of the paper's maxout and dropout.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from genlab.config.types import Activation, PositiveInt
from genlab.nets.activation import activation


def is_image(shape: tuple[int, ...]) -> bool:
    """(C, H, W), not the (D,) of a point."""
    return len(shape) == 3


class Generator(nn.Module):
    """z [B, D] -> [B, *shape]: images in [-1, 1] by a tanh, points by a linear layer."""

    def __init__(self, widths: list[int], shape: tuple[int, ...], between: Activation) -> None:
        super().__init__()
        self.layers, self.shape = layers([*widths, math.prod(shape)], between), shape
        self.last = nn.Tanh() if is_image(shape) else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        """[B, D] -> [B, *shape]."""
        return self.last(self.layers(z)).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """[B, *shape] -> logit [B]."""

    def __init__(self, shape: tuple[int, ...], widths: list[int], between: Activation) -> None:
        super().__init__()
        self.layers = layers([math.prod(shape), *widths, 1], between)

    def forward(self, x: Tensor) -> Tensor:
        """[B, *shape] -> [B]."""
        return self.layers(x.flatten(1)).squeeze(1)


def layers(widths: list[int], between: Activation) -> nn.Sequential:
    """Linear layers, with activations between them."""
    steps: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        steps += [nn.Linear(inputs, outputs), activation(between)]
    return nn.Sequential(*steps[:-1])


class GANMLP:
    """Builds the two networks.

    Args:
        generator_hidden: widths of the generator's hidden layers, from z on.
        discriminator_hidden: widths of the discriminator's, from the image or point on.
        generator_activation: between the generator's layers.
        discriminator_activation: between the discriminator's.
    """

    def __init__(
        self,
        generator_hidden: list[PositiveInt],
        discriminator_hidden: list[PositiveInt],
        generator_activation: Activation,
        discriminator_activation: Activation,
    ) -> None:
        self.generator_hidden, self.discriminator_hidden = list(generator_hidden), list(discriminator_hidden)
        self.generator_activation, self.discriminator_activation = generator_activation, discriminator_activation

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] -> [B, *shape]: images in [-1, 1], points unbounded."""
        return Generator([latent_dim, *self.generator_hidden], shape, self.generator_activation)

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, *shape] -> logit [B]."""
        return Discriminator(shape, self.discriminator_hidden, self.discriminator_activation)
