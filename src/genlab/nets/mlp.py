"""Fully connected encoder and decoder: the network of the first VAE paper."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from genlab.config.types import Activation, PositiveInt
from genlab.nets.activation import activation


class MLP:
    """Builds an encoder and a mirrored decoder, for images of any size.

    Args:
        hidden: widths of the hidden layers, from the image towards the code; the decoder has them in reverse.
        activation: between the layers.
    """

    def __init__(self, hidden: list[PositiveInt], activation: Activation) -> None:
        self.hidden, self.activation = list(hidden), activation

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        return nn.Sequential(nn.Flatten(), *self._layers([math.prod(shape), *self.hidden, outputs]))

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], without a last activation: logits or means."""
        layers = self._layers([latent_dim, *reversed(self.hidden), math.prod(shape)])
        return nn.Sequential(*layers, nn.Unflatten(1, shape))

    def _layers(self, widths: list[int]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), activation(self.activation)]
        return layers[:-1]
