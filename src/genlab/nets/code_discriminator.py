"""A fully connected discriminator of codes: Makhzani et al., 2015 (arXiv:1511.05644), appendix A; no batch norm."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from genlab.config.types import Activation, PositiveInt
from genlab.nets.gan_mlp import layers


class CodeDiscriminatorNet(Protocol):
    """Interface of a discriminator of codes."""

    def build(self, inputs: int) -> nn.Module:
        """[B, inputs] -> logit [B] that the code is real."""
        ...


class CodeDiscriminator:
    """Builds it.

    Args:
        hidden: widths of the hidden layers, from the code on.
        activation: between the layers.
    """

    def __init__(self, hidden: list[PositiveInt], activation: Activation) -> None:
        self.hidden, self.activation = list(hidden), activation

    def build(self, inputs: int) -> nn.Module:
        """[B, inputs] -> logit [B] that the code is real."""
        return nn.Sequential(*layers([inputs, *self.hidden, 1], self.activation), nn.Flatten(0))


def is_right(logit: Tensor, real: bool) -> Tensor:
    """1.0 where the logit's sign says what a code is. [B] -> [B]."""
    return (logit.detach() > 0).float() if real else (logit.detach() < 0).float()
