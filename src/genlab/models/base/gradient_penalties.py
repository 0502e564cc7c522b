"""Which gradient penalties a discriminator has, how much each weighs, and how often they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.losses.penalty import Critic, dragan_penalty, gradient_penalty, zero_centred
from genlab.models.base.distributed import batch_mean
from genlab.models.base.noise import Noise
from genlab.models.base.parts import WeightAt
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight


@dataclass(frozen=True)
class GradientPenalties:
    """Weights, numbers or schedules; 0: that penalty is not computed.

    Args:
        lambda_gp: of ``gradient_penalty``, between real and fake images.
        r1: gamma of ``zero_centred`` on real images; ``r2``: on fake ones.
        dragan: of ``dragan_penalty``, around real images.
        every: n: they are computed in every n-th update, n times as heavy (lazy regularisation: Karras et al., 2020,
            arXiv:1912.04958, section 3.1), in the step of the other terms.
    """

    lambda_gp: Weight = 0.0
    r1: Weight = 0.0
    r2: Weight = 0.0
    dragan: Weight = 0.0
    every: int = 1

    @property
    def weights(self) -> dict[str, Weight]:
        """By the names of the terms."""
        return {"penalty": self.lambda_gp, "r1": self.r1, "r2": self.r2, "dragan": self.dragan}

    @property
    def any(self) -> bool:
        """Whether one is ever computed."""
        return any(weight != 0 for weight in self.weights.values())

    def weighing(self, at: WeightAt) -> set[str]:
        """The terms that weigh something now."""
        return {name for name, weight in self.weights.items() if at(weight) > 0}

    def due(self, at: WeightAt, update: int) -> set[str]:
        """The terms to compute in an update, numbered from 0."""
        return self.weighing(at) if update % self.every == 0 else set()

    def terms(self, due: set[str], critic: Critic, real: Tensor, fake: Tensor, noise: Noise, name: str) -> Terms:
        """The penalties by name, without their weights, [B] each.

        Args:
            due: which.
            critic: [B, *shape] -> scores, each image by itself.
            real: [B, *shape].
            fake: [B, *shape].
            noise: of the batch.
            name: of the discriminator; part of the key of its random draws.
        """
        terms: Terms = {}
        if "penalty" in due:
            terms["penalty"] = gradient_penalty(critic, real, fake, noise.uniform(f"penalty_{name}", len(real)))
        if "r1" in due:
            terms["r1"] = zero_centred(critic, real)
        if "r2" in due:
            terms["r2"] = zero_centred(critic, fake)
        if "dragan" in due:
            draw, place = noise.uniform(f"dragan_{name}", *real.shape), noise.uniform(f"dragan_place_{name}", len(real))
            terms["dragan"] = dragan_penalty(critic, real, spread(real), draw, place)
        return terms

    def weighted(self, terms: Mapping[str, Any], name: str, at: WeightAt) -> Iterator[Any]:
        """The computed penalties times their weights; ``name``: pattern of the terms' names."""
        for penalty, weight in self.weights.items():
            if name.format(penalty) in terms:
                yield self.every * at(weight) * terms[name.format(penalty)]


def spread(x: Tensor) -> Tensor:
    """The standard deviation of all values of the batch of all ranks, without gradient. [B, *shape] -> []."""
    flat = x.detach().flatten(1)
    mean, square = batch_mean(torch.stack([flat.mean(1), flat.square().mean(1)], 1))
    return (square - mean.square()).clamp(min=0).sqrt()
