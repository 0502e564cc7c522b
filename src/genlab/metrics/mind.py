"""MIND, the Monge Inception distance: a sliced Wasserstein distance of features. Berthet et al., 2026 (arXiv:2605.06797)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.metrics.error_bars.sliced_influence import sliced_influence

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet

AT_ONCE = 100  # directions


def as_many(x: Tensor, count: int, stream: torch.Generator) -> Tensor:
    """``count`` of the features, drawn without repetition, or all of them. [N, d] -> [count, d]."""
    return x if len(x) == count else x[torch.randperm(len(x), generator=stream)[:count].to(x.device)]


def unit_directions(count: int, d: int, stream: torch.Generator) -> Tensor:
    """Uniform on the unit sphere, [count, d]."""
    directions = torch.randn(count, d, generator=stream)
    return directions / directions.norm(dim=1, keepdim=True)


def sliced_wasserstein2(x: Tensor, y: Tensor, directions: Tensor) -> float:
    """The mean squared 2-Wasserstein distance of the projections, which sorting gives. [N, d], [N, d], [S, d] -> number."""
    total = 0.0
    for some in directions.split(AT_ONCE):
        a, b = ((some @ z.T).sort(1).values.double() for z in (x, y))
        total += float((a - b).square().mean(1).sum())
    return total / len(directions)


def drawn(x: Tensor, y: Tensor, directions: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """As many features of either set as the smaller one has, and directions. [N, d], [M, d] -> twice [min, d], [S, d].

    The draws are torch-fidelity's, from the first set first (there: the generated one).
    """
    stream = torch.Generator().manual_seed(seed)
    count = min(len(x), len(y))
    x, y = (as_many(z, count, stream) for z in (x, y))
    return x, y, unit_directions(directions, x.shape[1], stream).to(x)


def monge_distance(x: Tensor, y: Tensor, directions: int, seed: int) -> float:
    """3 d SW_2^2 of as many features of either set as the smaller one has. [N, d], [M, d] -> number.

    The factor is the paper's. For Gaussians whose covariances are multiples of the identity, it is three times their FID.
    """
    return 3 * x.shape[1] * sliced_wasserstein2(*drawn(x, y, directions, seed))


@dataclass
class MIND:
    """The Monge Inception distance, made for few images: no covariance is estimated.

    It is never below 0 and, as FID, above 0 for two samples of one distribution: compare equal counts only. Equals the
    reference in torch-fidelity's repository on the same features and seed.

    Args:
        directions: random projections.
        rng_seed: of the directions, and of the draws from the larger set.
    """

    names: ClassVar[tuple[str, ...]] = ("mind",)

    directions: PositiveInt
    rng_seed: NonNegativeInt

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Computed on ``device``."""
        x, y = fake.features.to(device), real.features.to(device)
        return {"mind": monge_distance(x, y, self.directions, self.rng_seed)}

    def influence(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
        """Of each real and each generated image that is looked at: what the standard error comes from."""
        x, y = fake.features.to(device), real.features.to(device)
        of_fake, of_real = sliced_influence(*drawn(x, y, self.directions, self.rng_seed))
        return 3 * x.shape[1] * of_real, 3 * x.shape[1] * of_fake
