"""How far a measure of two sets of images would move with other images: its standard error.

Both sets are random: other generated images would have been drawn by another seed, other real ones by another split. A
standard error is the standard deviation of the number over such repetitions, with as many images of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from genlab.metrics.error_bars.influence import Variance, halves, variance_by_influence
from genlab.metrics.feature_set import FeatureSet

Measure = Callable[[FeatureSet, FeatureSet, torch.device], dict[str, float]]
FEWEST = 20  # images of each side; of fewer no error is stated
SPREAD = "_sd"  # the end of names of numbers that are spreads themselves


def has_enough(measure: Measure, real: FeatureSet, fake: FeatureSet) -> bool:
    """Whether there are images enough for a standard error."""
    return min(len(real), len(fake)) >= max(FEWEST, 2 * getattr(measure, "fewest", 1))


def standard_errors(
    measure: Measure,
    real: FeatureSet,
    fake: FeatureSet,
    count: int,
    seed: int,
    device: torch.device,
    variance: Variance | None = None,
) -> dict[str, float]:
    """The standard error of each number of a measure, by its name; no name where there are too few images.

    Three ways, by what the measure has. A method ``influence(real, fake, device)``: from the influence of each image
    (``influence.py``: FID, MIND). A method ``standard_errors(real, fake, seed, device)``: its own (KID, CMMD). Neither:
    ``split_errors`` (all that is a share or a mean: precision, recall, Inception score …). A squared distance must have
    one of the first two: where the distributions are equal its error shrinks with 1 / n, not 1 / sqrt(n), and
    ``split_errors`` would state it sqrt(2) times too large.

    Args:
        measure: of two sets.
        real: features of real images.
        fake: features of generated ones.
        count: random splits for ``split_errors``; 0: no errors at all.
        seed: of what is drawn.
        device: where it is computed.
        variance: of a measure with an influence, if it is known.
    """
    if count == 0 or not has_enough(measure, real, fake):
        return {}
    known: Any = measure
    if hasattr(measure, "influence"):
        variance = variance or variance_by_influence(known.influence, real, fake, seed, device)
        return dict.fromkeys(known.names, variance.total**0.5)
    if hasattr(measure, "standard_errors"):
        return dict(known.standard_errors(real, fake, seed, device))
    return split_errors(measure, real, fake, count, seed, device)


def split_errors(
    measure: Measure, real: FeatureSet, fake: FeatureSet, count: int, seed: int, device: torch.device
) -> dict[str, float]:
    """By the differences between halves: se^2 = mean over splits of (T(a, c) - T(b, d))^2 / 4.

    Both sets are split at random, real into a and b, generated into c and d. The two values are independent, so half their
    squared difference is an unbiased estimate of Var T at half the images, and with a variance in 1/n half of that is the one
    at all of them (Politis, Romano and Wolf, Subsampling, 1999, section 2). No image comes twice, which would make radii of
    nearest neighbours 0. The relative error of the result is about 1 / sqrt(2 count). Each split costs two values of
    halves: for a measure that compares all pairs, half of one value of all images.
    """
    stream = torch.Generator().manual_seed(seed)
    squares: dict[str, float] = {}
    for _ in range(count):
        parts = zip(halves(len(real), stream), halves(len(fake), stream), strict=True)
        one, other = (measure(real.rows(i), fake.rows(j), device) for i, j in parts)
        for name in one:
            squares[name] = squares.get(name, 0.0) + (one[name] - other[name]) ** 2
    return {name: (total / (4 * count)) ** 0.5 for name, total in squares.items() if not name.endswith(SPREAD)}
