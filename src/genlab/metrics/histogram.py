"""Histograms of samples over classes or modes: how far they are from what is wanted, and the few that hold most."""

from __future__ import annotations

import torch
from torch import Tensor


def shares(counts: Tensor) -> Tensor:
    """Counts [K] that are not all 0 -> shares [K], float64."""
    return counts.double() / counts.double().sum()


def entropy(counts: Tensor) -> float:
    """The entropy of a histogram [K] in nats: log K where all are alike, 0 where one has everything."""
    return max(0.0, float(-torch.xlogy(shares(counts), shares(counts)).sum()))


def reverse_kl(counts: Tensor, wanted: Tensor) -> float:
    """KL(histogram || wanted) in nats, 0 log 0 = 0: log(K / m) where m of K equally wanted classes hold the same each.

    "Reverse" because the samples' histogram comes first, as in Srivastava et al., 2017 (arXiv:1705.07761), and Lin et al.,
    2018 (arXiv:1712.04086). Of N samples of a perfect generator it is not 0 but ``kl_of_chance`` on average.

    Args:
        counts: of the samples, [K], not all 0.
        wanted: shares or counts, [K]. None may be 0 where ``counts`` is not: see ``at_least_half``.
    """
    p, q = shares(counts), shares(wanted)
    return float(torch.where(p > 0, p * (p / q).log(), 0).sum())


def kl_of_chance(classes: int, samples: int) -> float:
    """What ``reverse_kl`` of ``samples`` draws from the wanted distribution itself is on average: (K - 1) / 2N nats.

    The leading term for many samples a class (Miller, 1955); with two a class it is 0.25 and the mean is 0.28.
    """
    return (classes - 1) / (2 * samples)


def at_least_half(counts: Tensor) -> Tensor:
    """Counts of real images [K], where a class without any has half an image: a sample of it is odd, not impossible."""
    return counts.double().clamp_min(0.5)


def holders(counts: Tensor, share: float) -> list[int]:
    """The fewest classes that together hold this share of a histogram [K], the largest first."""
    sizes, order = counts.double().sort(descending=True, stable=True)
    needed = int((sizes.cumsum(0) < share * sizes.sum()).sum()) + 1
    return order[:needed].tolist()
