"""KID: squared maximum mean discrepancy with a cubic kernel. Binkowski et al., 2018 (arXiv:1801.01401)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from genlab.metrics.extractors.real_features import RealFeatures

SUBSETS, SUBSET_SIZE = 50, 1000


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / d + 1)^3. [n, d], [m, d] -> [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def mmd2(x: Tensor, y: Tensor) -> Tensor:
    """The unbiased estimate; may be below 0. [n, d], [m, d] -> scalar."""
    n, m = len(x), len(y)
    k_xx, k_yy = cubic_kernel(x, x), cubic_kernel(y, y)
    within = (k_xx.sum() - k_xx.trace()) / (n * (n - 1)) + (k_yy.sum() - k_yy.trace()) / (m * (m - 1))
    return within - 2 * cubic_kernel(x, y).mean()


def kernel_distance(x: Tensor, y: Tensor, seed: int = 0) -> float:
    """The mean of ``mmd2`` over 50 subsets of at most 1,000 features, drawn by ``seed``. [n, d], [m, d] -> number."""
    size = min(SUBSET_SIZE, len(x), len(y))
    stream = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(SUBSETS):
        i, j = (torch.randperm(len(z), generator=stream)[:size].to(z.device) for z in (x, y))
        total += float(mmd2(x[i].double(), y[j].double()))
    return total / SUBSETS


class KID:
    """The kernel distance between the features of real and generated images."""

    names: ClassVar[tuple[str, ...]] = ("kid",)

    def __call__(self, real: RealFeatures, fake: Tensor) -> dict[str, float]:
        """Computed on the device of ``fake`` [N, d]."""
        return {"kid": kernel_distance(real.features.to(fake.device), fake)}
