"""Activations by the names used in configurations."""

from torch import nn

from genlab.config.types import Activation

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
}


def activation(name: Activation) -> nn.Module:
    """A fresh module for ``name``."""
    return ACTIVATIONS[name]()
