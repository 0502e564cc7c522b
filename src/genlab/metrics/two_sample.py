"""Whether two samples come from one distribution: Gretton et al., 2012, "A Kernel Two-Sample Test" (JMLR 13)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SCALES = (0.25, 0.5, 1.0)  # of the bandwidth: one kernel for each, for differences of several sizes


@dataclass(frozen=True)
class GaussianKernel:
    """The mean over ``SCALES`` s of exp(-|x - y|^2 / (2 (s bandwidth)^2)). [n, D], [m, D] -> [n, m] in [0, 1]."""

    bandwidth: float

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """In the type of x and y; 1 for equal points."""
        square = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square_()
        each = [(square / (-2 * (s * self.bandwidth) ** 2)).exp_() for s in SCALES]
        return torch.stack(each).mean(0)


def median_distance(x: Tensor) -> float:
    """The median of the distances between two points of a sample, a usual bandwidth. [n, D] -> number."""
    return float(torch.pdist(x.double()).median())


def mmd2_of_splits(gram: Tensor, first: Tensor) -> Tensor:
    """The unbiased squared maximum mean discrepancy of several splits of the same points in two samples (lemma 6).

    Args:
        gram: the kernel between all points, [N, N].
        first: 1 for the points of the first sample, else 0, as many ones in each row. [S, N], of the type of ``gram``.

    Returns:
        [S]; may be below 0.
    """
    others = gram - gram.diagonal().diag()
    n, rows = first[0].sum(), others.sum(1)
    m = len(gram) - n
    within = ((first @ others) * first).sum(1)
    of_first = first @ rows  # pairs with at least the one in the first sample
    rest = rows.sum() - 2 * of_first + within
    return within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * (of_first - within) / (n * m)


def two_sample_test(
    x: Tensor, y: Tensor, kernel: GaussianKernel, permutations: int, stream: torch.Generator
) -> tuple[float, float]:
    """The unbiased squared MMD of two samples, and its p-value if they come from one distribution, by permutation.

    p = (1 + the permutations with an MMD at least as large) / (1 + permutations): Phipson and Smyth, 2010
    (arXiv:1603.05766), so it is never 0. [n, D], [m, D]; ``stream``: a generator on the CPU.
    """
    points = torch.cat([x, y]).double()
    gram = kernel(points, points)
    splits = torch.zeros(1 + permutations, len(points), dtype=torch.float64)
    splits[0, : len(x)] = 1
    for row in splits[1:]:
        row[torch.randperm(len(points), generator=stream)[: len(x)]] = 1
    found, *shuffled = mmd2_of_splits(gram, splits.to(gram.device)).tolist()
    return found, (1 + sum(value >= found for value in shuffled)) / (1 + permutations)
