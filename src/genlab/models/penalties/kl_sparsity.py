"""Sparse activity: Ng, 2011, "Sparse autoencoder" (CS294A lecture notes); Lee, Ekanadham and Ng, 2008 (NeurIPS)."""

from __future__ import annotations

from typing import Annotated, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from genlab.losses.precision import at_least_float32
from genlab.losses.sparsity import activity_divergence
from genlab.models.base.distributed import sum_over_ranks, world_size
from genlab.models.base.noise import Noise
from genlab.models.base.penalty import Penalty
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight

Activity = Annotated[float, Field(gt=0, lt=1)]
NEWEST = 0.1  # weight of the newest batch in the running activity


class KLSparsity(Penalty):
    """penalty = sum_j KL(target || mean activity of unit j), where code = sigmoid(encoder output), as in the notes.

    In training the mean is that of the batch of all ranks (of accumulated batches, each one's own); in evaluation that of
    the newest training batches, so that it does not depend on the batch size.

    Args:
        weight: beta in the notes, a number or a schedule.
        target: rho, the activity that every unit should have on average.
    """

    activity: Tensor
    batches: Tensor

    def __init__(self, weight: Weight, target: Activity) -> None:
        super().__init__()
        self.weight, self.target = weight, target

    def bound_to(self, encoder: nn.Module, latent_dim: int) -> Self:
        """Keep the running activity of that many units."""
        self.register_buffer("activity", torch.full((latent_dim,), 0.5))
        self.register_buffer("batches", torch.tensor(0.0))
        return self

    def code(self, output: Tensor) -> Tensor:
        """sigmoid(output)."""
        return at_least_float32(output).sigmoid()

    def forward(self, encoder: nn.Module, x: Tensor, code: Tensor, noise: Noise) -> Terms:
        """The penalty of the whole batch, for each of its images. Collective in training: every rank must call it."""
        activity = self.of_batch(code) if self.training else self.activity
        return {"penalty": activity_divergence(activity, self.target).sum().expand(len(code))}

    def of_batch(self, code: Tensor) -> Tensor:
        """The mean activity over the batches of all ranks, [D]. Its gradient is that of this rank's share times the number
        of ranks, since gradients are averaged over them."""
        own = code.mean(0)
        mean = sum_over_ranks(own.detach().clone()) / world_size()
        self.batches += 1
        self.activity.lerp_(mean.to(self.activity), (1 / self.batches).clamp(min=NEWEST))
        return own + (mean - own.detach())
