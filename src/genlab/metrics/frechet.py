"""FID: the Frechet distance between two Gaussians fitted to features. Heusel et al., 2017 (arXiv:1706.08500)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from genlab.metrics.error_bars.frechet_influence import frechet_influence

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet


@dataclass
class Moments:
    """Sums over features in float64: count, sum [d], sum of outer products [d, d]. Additive over batches and ranks."""

    count: Tensor
    total: Tensor
    outer: Tensor

    @classmethod
    def zero(cls, features: int, device: torch.device | None = None) -> Moments:
        """Moments of no features."""
        kind: dict[str, Any] = {"dtype": torch.float64, "device": device}
        return cls(torch.zeros((), **kind), torch.zeros(features, **kind), torch.zeros(features, features, **kind))

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Moments of features [N, d]."""
        sums = cls.zero(features.shape[1], features.device)
        for part in features.split(1000):
            sums.add(part)
        return sums

    def add(self, features: Tensor) -> None:
        """Add a batch of features, [B, d]."""
        x = features.to(self.total)
        self.count += len(x)
        self.total += x.sum(0)
        self.outer += x.T @ x

    @property
    def mean(self) -> Tensor:
        """[d]."""
        return self.total / self.count

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, [d, d]."""
        return (self.outer - self.count * torch.outer(self.mean, self.mean)) / (self.count - 1)

    @cached_property
    def root(self) -> Tensor:
        """The square root of the covariance, [d, d]; eigenvalues that rounding pushes below 0 are clipped."""
        values, vectors = torch.linalg.eigh(self.covariance)
        return vectors * values.clamp_min(0).sqrt() @ vectors.T

    def plain(self) -> dict[str, Tensor]:
        """The tensors to be saved, including the root of the covariance."""
        return {"count": self.count, "total": self.total, "outer": self.outer, "root": self.root}

    @classmethod
    def from_plain(cls, plain: dict[str, Tensor], device: torch.device) -> Moments:
        """The inverse of ``plain``, on a device."""
        count, total, outer, root = (plain[name].to(device) for name in ("count", "total", "outer", "root"))
        found = cls(count, total, outer)
        found.__dict__["root"] = root  # as if it had been worked out
        return found


def frechet_distance(a: Moments, b: Moments) -> float:
    """|mean_a - mean_b|^2 + tr(S_a + S_b - 2 (S_a^1/2 S_b S_a^1/2)^1/2), in float64.

    The symmetric form has real eigenvalues by construction; those that rounding pushes below 0 are clipped, and so is
    the distance. Finite even with fewer images than features; each side needs at least two images.
    """
    middle = a.root @ b.covariance @ a.root
    trace = torch.linalg.eigvalsh((middle + middle.T) / 2).clamp_min(0).sqrt().sum()
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * trace
    return max(0.0, float(distance))


class FID:
    """The Frechet distance between the features of real and generated images."""

    names: ClassVar[tuple[str, ...]] = ("fid",)
    of_moments: ClassVar[bool] = True  # it needs covariances of full rank

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Computed on ``device`` from the moments that the sets keep."""
        return {"fid": frechet_distance(real.moments(device), fake.moments(device))}

    def influence(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
        """Of each real and each generated image: what the standard error comes from."""
        return frechet_influence(real, fake, device)
