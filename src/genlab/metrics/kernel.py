"""KID: squared maximum mean discrepancy with a cubic kernel. Binkowski et al., 2018 (arXiv:1801.01401)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.metrics.error_bars.kernel_error import subsets_error

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet

ENTRIES = 10**7  # of a Gram matrix at once: 80 MB


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / d + 1)^3: products in the type of the features, the cube in float64. [n, d], [m, d] -> [n, m].

    Products of float32 have independent rounding errors, which leave a mean over a million of them exact to nine digits.
    """
    return power((x @ y.T).double(), x.shape[1])


def power(products: Tensor, d: int) -> Tensor:
    """(products / d + 1)^3, in place."""
    base = products.div_(d).add_(1)
    return base.square().mul_(base)


def own_kernel(x: Tensor) -> Tensor:
    """The kernel of each feature with itself. [n, d] -> [n]."""
    return power(x.double().square().sum(1), x.shape[1])


def kernel_sums(x: Tensor, y: Tensor, in_x: Tensor, in_y: Tensor) -> Tensor:
    """The sum of the kernel over all pairs of each subset, a block of rows at a time.

    Args:
        x: features [n, d].
        y: features [m, d].
        in_x: [S, n] float64, how often each subset holds each row of ``x``.
        in_y: [S, m], the same of ``y``.
    """
    total, height = in_x.new_zeros(len(in_x)), max(1, ENTRIES // len(y))
    for rows, members in zip(x.split(height), in_x.split(height, 1), strict=True):
        total += ((members @ cubic_kernel(rows, y)) * in_y).sum(1)
    return total


def mmd2_of_subsets(x: Tensor, y: Tensor, in_x: Tensor, in_y: Tensor) -> Tensor:
    """The unbiased estimate of each subset, [S]; arguments as of ``kernel_sums``, memberships 0 or 1."""
    n, m = in_x.sum(1), in_y.sum(1)
    within_x = kernel_sums(x, x, in_x, in_x) - in_x @ own_kernel(x)
    within_y = kernel_sums(y, y, in_y, in_y) - in_y @ own_kernel(y)
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * kernel_sums(x, y, in_x, in_y) / (n * m)


def mmd2(x: Tensor, y: Tensor) -> Tensor:
    """The unbiased estimate of all of x, y; may be below 0. [n, d], [m, d] -> scalar, float64."""
    everything = [torch.ones(1, len(z), dtype=torch.float64, device=z.device) for z in (x, y)]
    return mmd2_of_subsets(x, y, *everything)[0]


def drawn(counts: tuple[int, int], subsets: int, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of indices [size] without repetition, in the order in which torch-fidelity draws them."""
    stream = np.random.RandomState(seed)
    for _ in range(subsets):
        i, j = (torch.from_numpy(stream.choice(count, size, replace=False)) for count in counts)
        yield i, j


def memberships(index: list[Tensor], count: int, device: torch.device) -> Tensor:
    """Subsets as rows of 0 and 1. S times [size] -> [S, count], float64."""
    return torch.zeros(len(index), count, dtype=torch.float64).scatter_(1, torch.stack(index), 1).to(device)


def kernel_distances(x: Tensor, y: Tensor, subsets: int, size: int, seed: int) -> Tensor:
    """``mmd2`` of subsets of ``size`` features of either, [subsets]; fewer than ``size``: of all of them, [1].

    Overlapping subsets of few features share one Gram matrix; of many, each has its own, whichever is less work.
    The order of the two matters: the first set is drawn from first (torch-fidelity: the generated one).
    """
    n, m = len(x), len(y)
    if min(n, m) < size:
        return mmd2(x, y)[None]
    pairs = list(drawn((n, m), subsets, size, seed))
    shared = (n * n + m * m + n * m) * (x.shape[1] + 2 * subsets)
    if shared < 3 * subsets * size**2 * x.shape[1]:
        of_x, of_y = ([pair[side] for pair in pairs] for side in (0, 1))
        return mmd2_of_subsets(x, y, memberships(of_x, n, x.device), memberships(of_y, m, x.device))
    return torch.stack([mmd2(x[i.to(x.device)], y[j.to(x.device)]) for i, j in pairs])


@dataclass
class KID:
    """The kernel distance: ``kid``, the mean over subsets, and ``kid_sd``, their standard deviation.

    Equals torch-fidelity on the same features and seed, down to the subsets it draws. With fewer images on either side than
    ``subset_size`` it is the estimate from all images: unbiased as well, but without ``kid_sd``: there are no subsets.

    Args:
        subsets: how many.
        subset_size: images of each side in each.
        rng_seed: of the draws.
    """

    names: ClassVar[tuple[str, ...]] = ("kid", "kid_sd")

    subsets: PositiveInt
    subset_size: Annotated[int, Field(ge=2)]
    rng_seed: NonNegativeInt

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Computed on ``device``."""
        x, y = fake.features.to(device), real.features.to(device)
        found = kernel_distances(x, y, self.subsets, self.subset_size, self.rng_seed)
        numbers = {"kid": float(found.mean()), "kid_sd": float(found.std(correction=0))}
        return {name: numbers[name] for name in self.names_of(min(len(x), len(y)))}

    def names_of(self, images: int) -> tuple[str, ...]:
        """What is told of so few images."""
        return self.names if images >= self.subset_size else ("kid",)

    def standard_errors(self, real: FeatureSet, fake: FeatureSet, seed: int, device: torch.device) -> dict[str, float]:
        """Of ``kid``, in closed form; ``seed``: of the images that it is estimated from."""
        x, y = real.features.to(device), fake.features.to(device)
        return {"kid": subsets_error(x, y, cubic_kernel, self.subsets, self.subset_size, seed)}

    def note(self, fakes: int, reals: int) -> str | None:
        """What a reader should know of the number, from the counts alone."""
        if min(fakes, reals) >= self.subset_size:
            return None
        few = f"{min(fakes, reals):,} images, fewer than metrics.kid.measure.subset_size={self.subset_size}"
        return f"KID: {few}: one estimate from all images, without a spread over subsets"
