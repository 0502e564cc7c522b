"""The parts of a VAE that a configuration can exchange: what is minimised (``model/objective``), and p(z) (``model/prior``).

A variant of the VAE is one such class and a YAML file: it gets everything the bound is made of, and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.models.base.distributions import DiagonalGaussian, Posterior
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight

WeightAt = Callable[[Weight], float]


class Prior(nn.Module, ABC):
    """p(z), the prior distribution of the codes, with or without parameters."""

    standard_normal: ClassVar[bool] = False
    of_codes: ClassVar[bool] = False  # it is made of the model's own q(z|x), and moves with it
    size_key: str = "model.latent_dim"  # of its codes

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

    def fixed(self) -> Prior:
        """This prior with its present weights, for many densities: what does not depend on z is computed once."""
        return self

    def kl(self, q: Posterior, z: Tensor) -> Tensor:
        """KL(q || p) in nats: in closed form where a prior has one; here estimated by draws from q. [B, K, D] -> [B]."""
        return (q.log_prob(z) - self.log_prob(z)).mean(1)


class Objective(ABC):
    """What a VAE minimises."""

    samples: int = 1  # K: how many z it needs for each image
    note: str = ""  # what should be known of a run with it
    capacity: Weight | None = None  # nats that it holds the KL at; None: it lowers the KL
    for_gaussians: ClassVar[bool] = False  # q(z|x) has to be one diagonal Gaussian
    for_standard_normal: ClassVar[bool] = False  # p(z) has to be N(0, I)
    of_batch: ClassVar[bool] = False  # an image's loss depends on the other images of its batch

    def bound_to(self, spec: DataSpec) -> Self:
        """This objective, adapted to a model of the data set."""
        return self

    def kl_weights(self, beta: Weight) -> dict[str, Weight]:
        """What weighs the information of the codes in the loss, by key; ``beta``: the model's."""
        return {"model.beta": beta}

    @abstractmethod
    def __call__(self, nll: Tensor, q: Posterior, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """The terms, [B] nats each; ``loss`` is minimised, ``elbo`` = -(recon + kl) is independent of ``beta``.

        Where an image's loss depends on the others of its batch, it is computed in training only; validation has the negative
        bound as ``loss`` instead, which is the same for every size of a batch and every number of ranks.

        Args:
            nll: -log p(x|z) of each z, [B, K].
            q: q(z|x).
            p: p(z).
            z: K draws from q for each image, [B, K, D].
            beta: weight of the KL, or of what the objective has in its place.
            at: gives the present value of a weight of the objective's own, which may follow a schedule.
        """


def bound_terms(loss: Tensor, recon: Tensor, kl: Tensor) -> Terms:
    """The terms of a bound, and its value without weights, [B] each."""
    return {"loss": loss, "recon": recon, "kl": kl, "elbo": -(recon.detach() + kl.detach())}


def require_fitting(objective: Objective, prior: Prior, levels: int) -> None:
    """Refuse an objective with a prior, or with levels of codes, that it has no formula for.

    Raises:
        ConfigError: with what fits.
    """
    name = type(objective).__name__
    if levels > 1 and objective.for_gaussians:
        what = f"{name} takes one Gaussian q(z|x), and this model has several levels of codes"
        raise ConfigError([Problem("model.objective", what, "Type: model/objective=elbo (or iwae, capacity)")])
    if objective.for_standard_normal and not prior.standard_normal:
        what = f"{name} takes the KL of each dimension, and {type(prior).__name__} has none"
        raise ConfigError([Problem("model.prior", what, "Type: model/prior=standard_normal")])
