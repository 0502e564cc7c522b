"""The parts of a VAE that a configuration can exchange: what is minimised (``model/objective``), and p(z) (``model/prior``).

A variant of the VAE is one of these and a YAML file: they see all that the bound is made of, and nothing else.
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
    """p(z), the prior over codes; with parameters or without."""

    def bound_to(self, latent_dim: int, spec: DataSpec, posterior: Callable[[Tensor], DiagonalGaussian]) -> Self:
        """This prior, of a model whose codes have D numbers; ``posterior``: q(z|x) as a function of images."""
        self.latent_dim = latent_dim
        return self

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) in nats. [..., D] -> [...]."""

    @abstractmethod
    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """Draws that depend on the stream alone. -> [n, D], on the stream's device."""

    def kl(self, q: DiagonalGaussian, z: Tensor) -> Tensor:
        """KL(q || p) in nats: in closed form where a prior has one; here estimated by draws from q. [B, K, D] -> [B]."""
        return (q.log_prob(z) - self.log_prob(z)).mean(1)


class Objective(ABC):
    """What a VAE minimises."""

    samples: int = 1  # K: how many z it needs for each image

    def bound_to(self, spec: DataSpec) -> Self:
        """This objective, of a model that is trained on the set."""
        return self

    @abstractmethod
    def __call__(self, nll: Tensor, q: DiagonalGaussian, p: Prior, z: Tensor, beta: float) -> Terms:
        """The terms, [B] nats each; ``loss`` is minimised, ``elbo`` = -(recon + kl) knows nothing of ``beta``.

        Args:
            nll: -log p(x|z) of each z, [B, K].
            q: q(z|x).
            p: p(z).
            z: K draws from q for each image, [B, K, D].
            beta: weight of the KL, or of what the objective has in its place.
        """
