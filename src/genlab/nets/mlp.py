"""Fully connected encoder and decoder: the network of the first VAE paper."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from genlab.config.types import Activation, BelowOne, PositiveInt
from genlab.nets.activation import activation
from genlab.nets.norm import VectorNorm, vector_norm


class MLP:
    """Builds an encoder and a mirrored decoder, for images of any size.

    Args:
        hidden: widths of the hidden layers, from the image towards the code; the decoder has them in reverse.
        activation: between the layers.
        norm: before it: ``batch`` mixes the images of a batch (Ioffe and Szegedy, 2015, arXiv:1502.03167), ``layer`` does not.
        dropout: the share of hidden units that are zeroed, after each activation (Srivastava et al., 2014, JMLR 15).
    """

    def __init__(self, hidden: list[PositiveInt], activation: Activation, norm: VectorNorm, dropout: BelowOne) -> None:
        self.hidden, self.activation, self.norm, self.dropout = list(hidden), activation, norm, dropout

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        return nn.Sequential(nn.Flatten(), *self._layers([math.prod(shape), *self.hidden, outputs]))

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], without a last activation: logits or means."""
        layers = self._layers([latent_dim, *reversed(self.hidden), math.prod(shape)])
        return nn.Sequential(*layers, nn.Unflatten(1, shape))

    def _layers(self, widths: list[int]) -> list[nn.Module]:
        *hidden, (last, outputs) = pairwise(widths)
        layers: list[nn.Module] = []
        for inputs, width in hidden:
            layers += [nn.Linear(inputs, width), *vector_norm(self.norm, width), activation(self.activation)]
            layers += [nn.Dropout(self.dropout)] if self.dropout else []
        return [*layers, nn.Linear(last, outputs)]
