"""The name of a measure of two sets of images: everything that makes two numbers comparable stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

DIMENSIONS = {"inception": 2048, "dinov2": 1024, "dinov2_base": 768, "clip": 768}  # features of the published networks
INDICATIVE = "_indicative"
OTHER_WEIGHTS = r"_[0-9a-f]{8}"  # than the published ones: the beginning of their digest
SE, INF, FLOOR = "_se", "_inf", "_floor"  # standard error, at infinitely many images, of real against real images
ASIDES = (INF + SE, SE, INF, FLOOR)  # what stands beside a number under its name and one of these ends


def counts_in_name(fakes: int, reals: int) -> str:
    """``2000``, or ``2000_vs_180`` where there are not as many real images as generated ones."""
    return f"{fakes}" if fakes == reals else f"{fakes}_vs_{reals}"


def metric_name(
    beginning: str,
    extractor: str,
    fakes: int,
    reals: int,
    against: str | None = None,
    of_moments: bool = False,
    fewest: int | None = None,
) -> str:
    """``fid_inception_10000``, ``fid_inception_120_vs_140_indicative`` …; a direction may follow.

    Args:
        beginning: what is measured.
        extractor: the name of the network.
        fakes: how many generated images.
        reals: how many real ones.
        against: the split of the real images, if it is not the one that is measured.
        of_moments: whether the measure needs a covariance of full rank. Fewer images than features of a published network
            are then told by ``_indicative``: such a number is no FID to be set beside published ones.
        fewest: the fewest images of any set, if the counts are sums over two directions.
    """
    network = re.sub(f"{OTHER_WEIGHTS}$", "", extractor)
    few = of_moments and min(fakes, reals, fewest or fakes) < DIMENSIONS.get(network, 0)
    parts = [beginning, extractor, counts_in_name(fakes, reals), against]
    return "_".join(part for part in parts if part) + (INDICATIVE if few else "")


def with_asides(metrics: dict[str, float]) -> dict[str, dict[str, float]]:
    """Each number under ``""``, with what stands beside it under the end of its name; by the name of the number.

    ``{"fid": 9.0, "fid_se": 0.3}`` -> ``{"fid": {"": 9.0, "_se": 0.3}}``.
    """
    rows: dict[str, dict[str, float]] = {
        name: {"": value} for name, value in metrics.items() if not is_aside(name, metrics)
    }
    for name, value in metrics.items():
        if is_aside(name, metrics):
            end = end_of(name)
            rows[name.removesuffix(end)][end] = value
    return rows


def is_aside(name: str, metrics: Iterable[str]) -> bool:
    """Whether a number stands beside another one of ``metrics``."""
    end = end_of(name)
    return bool(end) and name.removesuffix(end) in metrics


def end_of(name: str) -> str:
    """The end of ``ASIDES`` that a name has, if any."""
    return next((end for end in ASIDES if name.endswith(end)), "")
