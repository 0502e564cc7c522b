"""beta-VAE with a capacity: Burgess et al., 2018, "Understanding disentangling in beta-VAE" (arXiv:1804.03599)."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import torch
from torch import Tensor

from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.losses.discretized_logistic import LEVELS
from genlab.models.base.distributed import batch_mean
from genlab.models.base.distributions import Posterior
from genlab.models.base.parts import Objective, Prior, WeightAt, bound_terms
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import THE_END, Weight, value_at


class Capacity(Objective):
    """loss = recon + beta |KL - C|, with the KL averaged over the batch: eq. 8; beta has the place of the paper's gamma.

    An image may take more nats and another fewer, as long as their mean is C.

    Args:
        capacity: C in nats per image, usually a schedule that rises from 0.
    """

    of_batch: ClassVar[bool] = True

    capacity: Weight

    def __init__(self, capacity: Weight) -> None:
        self.capacity, self.note = capacity, ""

    def bound_to(self, spec: DataSpec) -> Self:
        """Compare the final capacity with what the images hold.

        Raises:
            ConfigError: it is above all that their pixels could tell.
        """
        final, images, pixels = value_at(self.capacity, THE_END), spec.sizes["train"], math.prod(spec.shape)
        if final > pixels * math.log(LEVELS):
            what = f"ends at {final:g} nats, and an image of {pixels:,} pixels has at most {pixels * math.log(LEVELS):,.0f}"
            raise ConfigError([Problem("model.objective.capacity", what, "Type: model.objective.capacity.end=25")])
        if final > math.log(images):
            self.note = (
                f"capacity: {final:g} nats at the end; {math.log(images):.1f}, the log of {images:,} training images, tell "
                "them all apart: more can only be spent on codes that are not distributed like the prior"
            )
        return self

    def __call__(self, nll: Tensor, q: Posterior, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """loss, whose mean over a training batch is the one above; recon, kl, elbo; and the capacity of this moment."""
        recon, kl, capacity = nll.mean(1), p.kl(q, z), at(self.capacity)
        loss = recon + kl
        if torch.is_grad_enabled():
            side = (batch_mean(kl) - capacity).sign()  # above the capacity or below
            loss = recon + beta * side * (kl - capacity)
        return bound_terms(loss, recon, kl) | {"capacity": torch.full_like(kl, capacity).detach()}
