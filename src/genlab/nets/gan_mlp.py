"""Fully connected networks for a GAN, as in its first paper (Goodfellow et al., 2014), for images and for points.

Plain linear layers and activations instead of the paper's maxout and dropout.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from genlab.config.types import Activation, Condition, GroupSize, PositiveInt
from genlab.nets.activation import activation
from genlab.nets.label_inputs import Projection, beside
from genlab.nets.minibatch_std import MinibatchStd
from genlab.nets.spectral_norm import normalise_spectrum


def is_image(shape: tuple[int, ...]) -> bool:
    """(C, H, W), not the (D,) of a point."""
    return len(shape) == 3


class Generator(nn.Module):
    """z [B, D] -> [B, *shape]: images in [-1, 1] by a tanh, points by a linear layer. Labels lie beside z."""

    def __init__(self, widths: list[int], shape: tuple[int, ...], between: Activation) -> None:
        super().__init__()
        self.layers, self.shape = layers([*widths, math.prod(shape)], between), shape
        self.last = nn.Tanh() if is_image(shape) else nn.Identity()

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, D] and labels [B, K] -> [B, *shape]."""
        return self.last(self.layers(beside(z, y))).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """[B, *shape] -> logit [B]. Labels lie beside the input, or are projected on the last hidden layer."""

    def __init__(
        self,
        shape: tuple[int, ...],
        labels: int,
        condition: Condition | None,
        hidden: list[int],
        between: Activation,
        group: int,
    ) -> None:
        super().__init__()
        self.embeds = condition == "embedding"
        widths = [math.prod(shape) + self.embeds * labels, *hidden]
        seen, features = [MinibatchStd(group)] if group else [], widths[-1] + (group > 0)
        self.layers = nn.Sequential(*activated(widths, between), *seen, nn.Linear(features, 1))
        self.projection = Projection(labels, features) if condition == "projection" else None

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, *shape] and labels [B, K] -> [B]."""
        h = beside(x.flatten(1), y if self.embeds else None)
        *body, last = self.layers
        for layer in body:
            h = layer(h)
        logit = last(h).squeeze(1)
        return logit if self.projection is None else logit + self.projection(h, y)


def activated(widths: list[int], between: Activation) -> list[nn.Module]:
    """Linear layers, an activation behind each."""
    return [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), activation(between))]


def layers(widths: list[int], between: Activation) -> nn.Sequential:
    """Linear layers, with activations between them."""
    return nn.Sequential(*activated(widths, between)[:-1])


class GANMLP:
    """Builds the two networks.

    Args:
        generator_hidden: widths of the generator's hidden layers, from z on.
        discriminator_hidden: widths of the discriminator's, from the image or point on.
        generator_activation: between the generator's layers.
        discriminator_activation: between the discriminator's.
        spectral_norm: of all weights of the discriminator.
        minibatch_std: images or points in a group whose standard deviation the discriminator sees; 0: it does not.
        condition: how the discriminator takes labels: ``embedding`` beside its input, or ``projection``.
    """

    def __init__(
        self,
        generator_hidden: list[PositiveInt],
        discriminator_hidden: list[PositiveInt],
        generator_activation: Activation,
        discriminator_activation: Activation,
        spectral_norm: bool,
        minibatch_std: GroupSize,
        condition: Condition,
    ) -> None:
        self.generator_hidden, self.discriminator_hidden = list(generator_hidden), list(discriminator_hidden)
        self.generator_activation, self.discriminator_activation = generator_activation, discriminator_activation
        self.spectral_norm, self.minibatch_std = spectral_norm, minibatch_std
        self.condition = condition

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] and labels [B, labels] -> [B, *shape]: images in [-1, 1], points unbounded."""
        return Generator([latent_dim + labels, *self.generator_hidden], shape, self.generator_activation)

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, *shape] and labels [B, labels] -> logit [B]."""
        taken, between = self.condition if labels else None, self.discriminator_activation
        net = Discriminator(shape, labels, taken, self.discriminator_hidden, between, self.minibatch_std)
        if self.spectral_norm:
            normalise_spectrum(net)
        return net
