"""FID: the Frechet distance between two Gaussians fitted to features. Heusel et al., 2017 (arXiv:1706.08500)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from genlab.metrics.error_bars.frechet_influence import frechet_influence
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.moments import Moments


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
