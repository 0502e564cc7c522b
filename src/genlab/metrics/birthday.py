"""How many different images a generator can make: the birthday paradox test of Arora, Risteski and Zhang, 2018.

"Do GANs learn the distribution? Some theory and empirics" (ICLR 2018; Arora and Zhang, 2017, arXiv:1706.08224): of s draws
from N items two are alike with probability one half as soon as s is about 1.2 sqrt(N). The paper's authors looked at the
closest pairs of a batch themselves; here a pair is a near-duplicate below a distance that batches of real images hardly reach
(``rare_distance``), in whatever space the rows are: pixels, or an extractor's features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.metrics.nearest import Nearest, row_distances

Z = 1.96  # standard deviations of a 95 % interval
RARE = 0.05  # of batches of real images that have a pair nearer than a near-duplicate
SIZES = (1.0, 1e15)  # of supports that are looked for, in units of s - 1


@dataclass(frozen=True)
class Birthday:
    """What the batches of one size tell.

    Args:
        size: s, the samples of a batch.
        batches: how many.
        hits: those with a near-duplicate pair.
    """

    size: int
    batches: int
    hits: int

    @property
    def share(self) -> float:
        """Of batches with a near-duplicate pair."""
        return self.hits / self.batches

    @property
    def support(self) -> float:
        """How many equally likely items give pairs as often; infinite without a pair.

        Of items that are not equally likely it is near 1 / sum p_i^2: there are at least so many.
        """
        return support_size(self.share, self.size)

    @property
    def interval(self) -> tuple[float, float]:
        """The supports at the ends of the 95 % interval of ``share``."""
        low, high = wilson(self.hits, self.batches)
        return support_size(high, self.size), support_size(low, self.size)

    @property
    def row(self) -> dict[str, float]:
        """As a row of a table."""
        low, high = self.interval
        told = {"size": self.size, "batches": self.batches, "share": self.share}
        return told | {"support": self.support, "support_low": low, "support_high": high}


def pair_probability(items: float, size: int) -> float:
    """That two of ``size`` draws from so many equally likely items are the same: 1 - prod_i (1 - i / N)."""
    if items <= size - 1:
        return 1.0
    return -math.expm1(float(torch.log1p(-torch.arange(1, size, dtype=torch.float64) / items).sum()))


def support_size(share: float, size: int) -> float:
    """How many equally likely items have this ``pair_probability``; infinite for 0, ``size`` - 1 for 1."""
    if share <= 0:
        return math.inf
    low, high = (math.log(bound * (size - 1)) for bound in SIZES)
    for _ in range(100):  # halves an interval of 35: to the last digit
        middle = (low + high) / 2
        low, high = (middle, high) if pair_probability(math.exp(middle), size) > share else (low, middle)
    return math.exp(high)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson, 1927, which holds for no hit and for nothing but hits, too."""
    share, weight = hits / trials, Z**2 / trials
    middle = share + weight / 2
    half = Z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    low, high = ((middle + side * half) / (1 + weight) for side in (-1, 1))
    return (0.0 if hits == 0 else low), (1.0 if hits == trials else high)


def closest_pairs(x: Tensor, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The closest pairs of rows [N, d]: distances, ascending, and pairs of row numbers [n, 2], n <= ``count``.

    Of pairs of a row and the row nearest to it: each row stands for one at most.
    """
    index = Nearest(x, 1, device).index[:, 0].cpu()
    pairs = torch.stack([torch.arange(len(x)), index], 1).sort(dim=1).values.unique(dim=0)
    distances, order = row_distances(x[pairs[:, 0]], x[pairs[:, 1]]).sort(stable=True)
    return distances[:count], pairs[order[:count]]


def closest_in_batches(x: Tensor, size: int, device: torch.device) -> Tensor:
    """The distance of the closest pair in each whole batch of ``size`` rows [N, d] in their order: [N // size].

    Raises:
        ValueError: there are not two rows in a batch, or fewer rows than one batch has.
    """
    if not 2 <= size <= len(x):
        raise ValueError(f"batches of {size} of {len(x)} rows")
    batches = x[: len(x) // size * size].split(size)
    return torch.stack([closest_pairs(batch, 1, device)[0][0] for batch in batches])


def rare_distance(real: Tensor, size: int, device: torch.device, rare: float = RARE) -> float:
    """The distance below which this share of batches of ``size`` real rows [N, d] has a pair.

    A generator as varied as the images has near-duplicates in as many of its batches.
    """
    return float(closest_in_batches(real, size, device).quantile(rare))


def birthday(x: Tensor, size: int, near: float, device: torch.device) -> Birthday:
    """The test on samples [N, d] in batches of ``size``: a pair at ``near`` or less is a near-duplicate."""
    closest = closest_in_batches(x, size, device)
    return Birthday(size, len(closest), int((closest <= near).sum()))
