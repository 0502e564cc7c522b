"""What stands beside a number: its standard error, its value at infinitely many images, and the floor of real images."""

from __future__ import annotations

import math
from typing import Any

import torch

from genlab.metrics.error_bars.extrapolation import extrapolated
from genlab.metrics.error_bars.influence import variance_by_influence
from genlab.metrics.error_bars.resampling import SPREAD, has_enough, standard_errors
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.names import FLOOR, INF, SE

SEED = 1_911_07023  # of the images that are drawn again: the same in every run

Numbers = dict[
    str, dict[str, float]
]  # by the measure's own name: the number under "", the others by the end of their names


def compared(
    measure: Any, real: FeatureSet, fake: FeatureSet, resamples: int, others: FeatureSet | None, device: torch.device
) -> Numbers:
    """A measure of two sets, and what stands beside it.

    Args:
        measure: FID, KID …
        real: of the real images.
        fake: of the generated ones.
        resamples: drawings for the standard error; 0: no error bars and nothing extrapolated.
        others: real images for the floor, put in the place of generated ones; None: no floor.
        device: where it is computed.
    """
    found = {name: {"": value} for name, value in measure(real, fake, device).items()}
    shared = is_frechet(measure) and resamples and has_enough(measure, real, fake)  # by the error and by the line
    variance = variance_by_influence(measure.influence, real, fake, SEED, device) if shared else None
    for name, error in standard_errors(measure, real, fake, resamples, SEED, device, variance).items():
        found[name][SE] = error
    if resamples and is_frechet(measure) and (line := extrapolated(real, fake, SEED, device, variance)) is not None:
        found[measure.names[0]] |= {INF: line.value, INF + SE: line.error}
    for name, value in (measure(real, others, device) if others is not None else {}).items():
        found[name] |= {} if name.endswith(SPREAD) else {FLOOR: value}
    return found


def is_frechet(measure: Any) -> bool:
    """Whether a measure is a distance of means and covariances, whose bias falls with the number of images."""
    return getattr(measure, "of_moments", False)


def averaged(numbers: list[dict[str, float]]) -> dict[str, float]:
    """The mean over both directions and what stands beside it; the standard error is that of a mean of independent numbers."""
    ends = [end for end in numbers[0] if all(end in one for one in numbers)]
    columns = {end: [one[end] for one in numbers] for end in ends}
    return {end: math.hypot(*of) / len(of) if end.endswith(SE) else sum(of) / len(of) for end, of in columns.items()}
