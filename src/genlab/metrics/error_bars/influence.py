"""The standard error of a measure from the influence of each image, where that is a formula: nothing is resampled.

The influence of an image is the derivative of the measure with respect to its weight, less the mean over the images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.metrics.feature_set import FeatureSet

Influence = Callable[[FeatureSet, FeatureSet, torch.device], tuple[Tensor, Tensor]]


@dataclass
class Variance:
    """Of a measure's value, in two parts: a / n + c / n^2.

    Args:
        linear: a / n, from differences between the two distributions; 0 where they are equal.
        square: c / n^2, from the samples' own deviations.
    """

    linear: float
    square: float

    @property
    def total(self) -> float:
        """The variance."""
        return self.linear + self.square


def halves(count: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices of two disjoint halves, drawn at random; of an odd count, one is left out."""
    first, second, *_ = torch.randperm(count, generator=stream).split(count // 2)
    return first, second


def jackknife(of_real: Tensor, of_fake: Tensor) -> float:
    """The infinitesimal jackknife's variance: sum of influence^2 / n^2 over each side (Efron, 1982, The Jackknife, 6.4)."""
    return sum(float((z - z.mean()).square().sum()) / len(z) ** 2 for z in (of_real, of_fake))


def parted(of_all: float, of_halves: float) -> Variance:
    """From the jackknife's variance J on all images and on half of them.

    Of a squared distance it expects J(n) = a / n + 2 c / n^2: a quadratic part counts twice (Efron and Stein, 1981, The
    jackknife estimate of variance). With J(n/2) = 2 a / n + 8 c / n^2, c / n^2 = (J(n/2) - 2 J(n)) / 4. Chance may push it
    below 0 or above J(n) / 2, where it is held.
    """
    square = min(max((of_halves - 2 * of_all) / 4, 0.0), of_all / 2)
    return Variance(of_all - 2 * square, square)


def variance_by_influence(
    influence: Influence, real: FeatureSet, fake: FeatureSet, seed: int, device: torch.device
) -> Variance:
    """The variance of a squared distance that is smooth in the weights of the images.

    Args:
        influence: real and generated features [N], [M] -> the influence of each.
        real: the real features.
        fake: the generated ones.
        seed: of one split of each into halves.
        device: where it is computed.
    """
    stream = torch.Generator().manual_seed(seed)
    parts = list(zip(halves(len(real), stream), halves(len(fake), stream), strict=True))
    of_halves = [jackknife(*influence(real.rows(i), fake.rows(j), device)) for i, j in parts]
    return parted(jackknife(*influence(real, fake, device)), sum(of_halves) / len(of_halves))
