"""The parts of a VAE that a configuration can exchange: what is minimised (``model/objective``), and p(z) (``model/prior``).

A variant of the VAE is one such class and a YAML file: it gets everything the bound is made of, and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from genlab.contracts import DataSpec
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.phases import Terms


class Prior(nn.Module, ABC):
    """p(z), the prior distribution of the codes, with or without parameters."""

    def bound_to(self, latent_dim: int, spec: DataSpec, posterior: Callable[[Tensor], DiagonalGaussian]) -> Self:
        """This prior, adapted to a model with codes of size D; ``posterior``: images -> q(z|x)."""
        self.latent_dim = latent_dim
        return self

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) in nats. [..., D] -> [...]."""

    @abstractmethod
    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws that depend on the stream alone. -> [n, D], on the stream's device."""

    def kl(self, q: DiagonalGaussian, z: Tensor) -> Tensor:
        """KL(q || p) in nats: in closed form where a prior has one; here estimated by draws from q. [B, K, D] -> [B]."""
        return (q.log_prob(z) - self.log_prob(z)).mean(1)


class Objective(ABC):
    """What a VAE minimises."""

    samples: int = 1  # K: how many z it needs for each image

    def bound_to(self, spec: DataSpec) -> Self:
        """This objective, adapted to a model of the data set."""
        return self

    @abstractmethod
    def __call__(self, nll: Tensor, q: DiagonalGaussian, p: Prior, z: Tensor, beta: float) -> Terms:
        """The terms, [B] nats each; ``loss`` is minimised, ``elbo`` = -(recon + kl) is independent of ``beta``.

        Args:
            nll: -log p(x|z) of each z, [B, K].
            q: q(z|x).
            p: p(z).
            z: K draws from q for each image, [B, K, D].
            beta: weight of the KL, or of what the objective has in its place.
        """
