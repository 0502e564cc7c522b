"""Contractive autoencoder: Rifai et al., 2011, "Contractive Auto-Encoders: Explicit Invariance During Feature Extraction"."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import ConfigError, Problem
from genlab.losses.contraction import estimated_jacobian, exact_jacobian, one_layer_jacobian
from genlab.losses.precision import at_least_float32
from genlab.models.base.noise import Noise
from genlab.models.base.penalty import Penalty
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight


class Contractive(Penalty):
    """penalty = |d code / d x|^2, the squared Frobenius norm, where code = sigmoid(encoder output) (eq. 5 and 7).

    For an encoder of one layer (``model.net.hidden=[]``) in closed form; for deeper ones by autograd, with one backward
    pass for each of the D numbers of the code, or Hutchinson's estimate from ``probes`` passes.

    Args:
        weight: lambda in the paper, a number or a schedule.
        probes: random directions of the estimate; None: the exact norm. An encoder of one layer needs none.
    """

    def __init__(self, weight: Weight, probes: PositiveInt | None) -> None:
        super().__init__()
        self.weight, self.probes = weight, probes

    def bound_to(self, encoder: nn.Module, latent_dim: int) -> Self:
        """Find out which way fits the encoder.

        Raises:
            ConfigError: its batch norm makes a code depend on all images of the batch; or there is nothing to estimate.
        """
        layers = list(encoder.children())
        if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in encoder.modules()):
            what = "with batch norm the Jacobian of an image's code would depend on the other images"
            raise ConfigError([Problem("model/penalty=contractive", what, "Choose another norm: model.net.norm=none")])
        self.shallow = [type(layer) for layer in layers] == [nn.Flatten, nn.Linear]
        if self.shallow and self.probes is not None:
            what = "an encoder of one layer has its penalty in closed form, and nothing is estimated"
            raise ConfigError([Problem(f"model.penalty.probes={self.probes}", what, "Type: model.penalty.probes=null")])
        deep = f"exact, {latent_dim} backward passes" if self.probes is None else f"estimated from {self.probes} probes"
        self.note = f"contractive penalty: {'in closed form' if self.shallow else deep}"
        return self

    def code(self, output: Tensor) -> Tensor:
        """sigmoid(output)."""
        return at_least_float32(output).sigmoid()

    def forward(self, encoder: nn.Module, x: Tensor, code: Tensor, noise: Noise) -> Terms:
        """The penalty, [B]."""
        if self.shallow:
            return {"penalty": one_layer_jacobian(code * (1 - code), encoder.get_parameter("1.weight"))}
        encode, differentiable = nn.Sequential(encoder, nn.Sigmoid()), torch.is_grad_enabled()
        if self.probes is None:
            return {"penalty": exact_jacobian(encode, x, differentiable)}
        directions = noise.normal("probes", len(x), self.probes, code.shape[1])
        return {"penalty": estimated_jacobian(encode, x, directions, differentiable)}
