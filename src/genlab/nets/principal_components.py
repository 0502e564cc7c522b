"""Principal component analysis: Pearson, 1901; Hotelling, 1933. From sums over the images, in float64."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Components(NamedTuple):
    """The k directions of greatest variance.

    mean [P]; basis [P, k], orthonormal columns in order of falling variance, the entry of largest magnitude of each
    positive; variances [k]; total: the variance of the images, summed over their P pixels, [].
    """

    mean: Tensor
    basis: Tensor
    variances: Tensor
    total: Tensor


def moments(x: Tensor) -> Tensor:
    """The sum of the outer products of (1, x) with itself: count, sums and second moments in one. [B, P] -> [P + 1, P + 1].

    It is additive: batches and ranks are put together by addition. In float64, on the CPU where the device (MPS) has none.
    """
    x = x.to("cpu" if x.device.type == "mps" else x.device, torch.float64)
    wide = torch.cat([x.new_ones(len(x), 1), x], 1)
    return wide.T @ wide


def covariance(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [P] and covariance [P, P] (divided by the count) from ``moments``."""
    mean = sums[0, 1:] / sums[0, 0]
    return mean, sums[1:, 1:] / sums[0, 0] - torch.outer(mean, mean)


def principal_components(sums: Tensor, k: int) -> Components:
    """The first ``k`` principal components from ``moments``: eigenvectors of the covariance. [P + 1, P + 1]."""
    mean, spread = covariance(sums)
    variances, vectors = torch.linalg.eigh(spread)  # in rising order
    basis = vectors[:, -k:].flip(1)
    largest = basis.gather(0, basis.abs().argmax(0, keepdim=True))
    return Components(mean, basis * largest.sign(), variances[-k:].flip(0).clamp(min=0), spread.trace())
