"""FID and KID of two clouds of features, under the names that say what looked at how many images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from genlab.metrics.frechet import Moments, frechet_distance
from genlab.metrics.kernel import kernel_distance


@dataclass
class Real:
    """Features of real images, [N, d]; their moments are computed once."""

    features: Tensor

    @cached_property
    def moments(self) -> Moments:
        """Of all of them."""
        return Moments.of(self.features)


def distances(real: Real, fake: Tensor, extractor: str, suffix: str = "", kid: bool = False) -> dict[str, float]:
    """``fid_<extractor>_<count><suffix>`` and, where asked for, ``kid_…`` of generated images, [count, d]."""
    name = f"{extractor}_{len(fake)}{suffix}"
    values = {f"fid_{name}": frechet_distance(real.moments, Moments.of(fake))}
    return values | {f"kid_{name}": kernel_distance(real.features, fake)} if kid else values


def count_of(metric: str) -> int:
    """How many generated images are behind a FID or KID, as its name says."""
    return int(metric.split("_")[2])
