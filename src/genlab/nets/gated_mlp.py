"""Fully connected encoder and decoder of gated layers, as the VampPrior's networks (Tomczak and Welling, 2018)."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import glu

from genlab.config.types import PositiveInt


class GatedLinear(nn.Module):
    """h(x) sigmoid(g(x)) with two linear maps h and g: Dauphin et al., 2016 (arXiv:1612.08083), eq. 1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.both = nn.Linear(inputs, 2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] -> [..., outputs]."""
        return glu(self.both(x), -1)


def gated_layers(widths: list[int]) -> list[nn.Module]:
    """Gated layers from ``widths[0]`` to ``widths[-1]`` numbers, the last one without a gate."""
    *hidden, last = pairwise(widths)
    return [*(GatedLinear(*pair) for pair in hidden), nn.Linear(*last)]


class GatedMLP:
    """Builds an encoder and a mirrored decoder, for images of any size.

    Args:
        hidden: widths of the hidden layers, from the image towards the code; the decoder has them in reverse.
    """

    def __init__(self, hidden: list[PositiveInt]) -> None:
        self.hidden = list(hidden)

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        return nn.Sequential(nn.Flatten(), *gated_layers([math.prod(shape), *self.hidden, outputs]))

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], without a last activation: logits or means."""
        return nn.Sequential(
            *gated_layers([latent_dim, *reversed(self.hidden), math.prod(shape)]), nn.Unflatten(1, shape)
        )
