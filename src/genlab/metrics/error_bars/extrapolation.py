"""FID at infinitely many images. Chong and Forsyth, 2020, Effectively unbiased FID (arXiv:1911.07023).

FID is too large by about c / N, and c differs from model to model. The paper fits a line to FID against 1 / N over subsets of
the generated images, with all the real ones. That takes away what the generated images add; two samples of one distribution
keep what the real ones add. Here both sides are cut into the same number of parts, and the intercept is free of both. It may
be below 0, and for equal distributions is so about half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from genlab.metrics.error_bars.frechet_influence import frechet_influence, full_rank_distance
from genlab.metrics.error_bars.influence import Variance, variance_by_influence
from genlab.metrics.feature_set import FeatureSet

PARTS = (1, 2, 3)  # FID of all images, of halves, of thirds
ROUNDS = 2  # random cuts of each kind

Distance = Callable[[FeatureSet, FeatureSet, torch.device], float]


class Line(NamedTuple):
    """The value at infinitely many images, and its standard error."""

    value: float
    error: float


def extrapolated(
    real: FeatureSet, fake: FeatureSet, seed: int, device: torch.device, variance: Variance | None = None
) -> Line | None:
    """FID at infinitely many real and generated images.

    None where a third of either side has no more images than features: there FID is no straight line of 1 / N (a
    covariance of too few images has eigenvalues of exactly 0).

    The error has two parts: that of FID itself (a quadratic form of the sample keeps its variance when its mean is taken
    off), and that of the cuts. Halves of one cut have a mean whose variance, given the images, is c / n^2, thirds 2 c / n^2
    (``influence.Variance.square``); by the weights 1/3 and -2/3 that the line gives them it is (1/9 + 8/9) c / n^2 a round.

    Args:
        real: the real features.
        fake: the generated ones, in whatever number: 1 / N is in units of one over all images of a side.
        seed: of the cuts.
        device: where it is computed.
        variance: of FID itself, if it is known.
    """
    if min(len(real), len(fake)) // max(PARTS) <= real.features.shape[1]:
        return None
    variance = variance or variance_by_influence(frechet_influence, real, fake, seed, device)
    stream = torch.Generator().manual_seed(seed)
    values = [mean_distance(full_rank_distance, real, fake, parts, stream, device) for parts in PARTS]
    value = intercept([float(parts) for parts in PARTS], values)
    return Line(value, (variance.total + variance.square / ROUNDS) ** 0.5)


def mean_distance(
    distance: Distance, real: FeatureSet, fake: FeatureSet, parts: int, stream: torch.Generator, device: torch.device
) -> float:
    """The mean over the parts of random cuts of both sides; every image is in exactly one part of a cut."""
    rounds = ROUNDS if parts > 1 else 1
    pairs = [pair for _ in range(rounds) for pair in zip(*(cut(z, parts, stream) for z in (real, fake)), strict=True)]
    return sum(distance(a, b, device) for a, b in pairs) / len(pairs)


def cut(z: FeatureSet, parts: int, stream: torch.Generator) -> list[FeatureSet]:
    """Disjoint parts of equal size; what is left over goes unused. One part: the set itself, with what it has worked out."""
    if parts == 1:
        return [z]
    size = len(z) // parts
    order = torch.randperm(len(z), generator=stream)
    return [z.rows(index) for index in order[: size * parts].split(size)]


def intercept(x: list[float], y: list[float]) -> float:
    """At 0, of the straight line through the points by least squares."""
    centre, mean = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - centre) * (b - mean) for a, b in zip(x, y, strict=True)) / sum((a - centre) ** 2 for a in x)
    return mean - slope * centre
