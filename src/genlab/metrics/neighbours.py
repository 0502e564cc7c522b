"""Fidelity and diversity from nearest neighbours: precision and recall, density and coverage, and their clipped forms.

Each feature is the centre of a ball that reaches to its k-th nearest neighbour in its own set. How many generated features
lie in balls of real ones tells fidelity; how many real balls hold generated features, diversity. Precision and recall:
Kynkäänniemi et al., 2019 (arXiv:1904.06991). Density and coverage: Naeem et al., 2020 (arXiv:2002.09797). Clipped: Salvy et
al., 2026 (arXiv:2507.01761; "Clipped Density" and "Clipped Coverage", with the calibration of the authors' code).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.metrics.nearest import Nearest, blocks_between

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet


@dataclass
class Inside:
    """Who lies in whose ball, counted over blocks of distances.

    A ball is closed, so that equal images are in each other's; only density counts open ones, as its authors' code does:
    a set against itself then has density 1.

    Args:
        precision: squared radii of the real features for precision, [N].
        recall: of the generated ones, [M].
        density: of the real ones for density and coverage, [N].
        clipped: of the real ones for clipped density, [N].
    """

    precision: Tensor
    recall: Tensor
    density: Tensor
    clipped: Tensor

    def __post_init__(self) -> None:
        n, m = len(self.density), len(self.recall)
        device = self.density.device
        self.fake_hit = torch.zeros(m, dtype=torch.bool, device=device)  # a real ball holds it
        self.real_hit = torch.zeros(n, dtype=torch.bool, device=device)  # a generated ball holds it
        self.fakes = torch.zeros(n, dtype=torch.int64, device=device)  # in the ball of each real one
        self.balls = torch.zeros(m, dtype=torch.int64, device=device)  # open real balls around each generated one
        self.clipped_balls = torch.zeros(m, dtype=torch.int64, device=device)

    def count(self, i: slice, j: slice, distances: Tensor, error: Tensor) -> None:
        """Take in the squared distances between real rows ``i`` and generated rows ``j``, known to ``error``."""
        above = distances + error
        self.balls[j] += counted(above < self.density[i, None], 0)
        below = torch.sub(distances, error, out=above)
        self.fake_hit[j] |= hit(below <= self.precision[i, None], 0)
        self.real_hit[i] |= hit(below <= self.recall[j], 1)
        self.fakes[i] += counted(below <= self.density[i, None], 1)
        self.clipped_balls[j] += counted(below <= self.clipped[i, None], 0)


def counted(mask: Tensor, dim: int) -> Tensor:
    """How many are true along a dimension; a sum over bytes is several times as fast as one over booleans."""
    return mask.view(torch.uint8).sum(dim, dtype=torch.int32)


def hit(mask: Tensor, dim: int) -> Tensor:
    """Whether any is true along a dimension; fast as ``counted``."""
    return mask.view(torch.uint8).amax(dim).bool()


def share(mask: Tensor) -> float:
    """The share that is true."""
    return float(mask.double().mean())


def held(count: Tensor, k: int) -> float:
    """The mean of counts clipped at k, in units of k: no feature and no ball adds more than 1."""
    return float(count.clamp_max(k).double().mean()) / k


def clipped(radius: Tensor) -> Tensor:
    """Radii, none above their median: a far feature's ball is no larger than that of a typical one. [N] -> [N]."""
    return radius.clamp_max(radius.quantile(0.5))


def real_by_real(nearest: Nearest, radius: Tensor, k: int) -> float:
    """Clipped density of the real features among themselves, which that of the generated ones is divided by."""
    index = nearest.index[:, :k][nearest.distances[:, :k].sqrt() <= radius[:, None]]
    return held(torch.bincount(index, minlength=len(radius)), k)


def expected_coverage(reals: int, fakes: int, k: int) -> Tensor:
    """The clipped coverage, not yet calibrated, that m good images of ``fakes`` give on average, m = 0 … fakes; [fakes + 1].

    The mass of a ball that reaches to the k-th of the other real images is Beta(k, reals - k) whatever the distribution, so
    the number J of m images that hit it is beta-binomial, and the mean of min(J, k) / k is 1 - sum_{j<k} (1 - j/k) P(J = j).
    """
    m, j = torch.arange(fakes + 1, dtype=torch.float64)[:, None], torch.arange(k, dtype=torch.float64)
    rest = (m - j).clamp_min(0)
    log_p = log_choose(m, j, rest) + log_beta(k + j, reals - k + rest) - log_beta(torch.tensor(float(k)), reals - k)
    mean = 1 - torch.where(j <= m, log_p.exp() * (1 - j / k), 0).sum(1)
    mean[:k] = 0  # as the authors' code
    return mean


def log_choose(n: Tensor, k: Tensor, rest: Tensor) -> Tensor:
    """The logarithm of n over k, rest = n - k."""
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(rest + 1)


def log_beta(a: Tensor, b: Tensor | float) -> Tensor:
    """The logarithm of the beta function."""
    b = torch.as_tensor(b, dtype=torch.float64)
    return torch.lgamma(a.double()) + torch.lgamma(b) - torch.lgamma(a + b)


def calibrated_coverage(raw: float, reals: int, fakes: int, k: int) -> float:
    """The share of good images that gives this raw coverage on average."""
    expected = expected_coverage(reals, fakes, k)
    return int(torch.searchsorted(expected, torch.tensor(raw, dtype=torch.float64))) / len(expected)


def neighbours(real: Tensor, fake: Tensor, k_precision: int, k_density: int, device: torch.device) -> dict[str, float]:
    """All six. Real [N, d] and generated [M, d] features on any device; both counts above ``k_precision`` and ``k_density``."""
    of_real, of_fake = Nearest(real, max(k_precision, k_density), device), Nearest(fake, k_precision, device)
    radius = clipped(of_real.radius(k_density).sqrt())
    radii = (of_real.radius(k_precision), of_fake.radius(k_precision), of_real.radius(k_density), radius.square())
    inside = Inside(*radii)
    for block in blocks_between(real, fake, device):
        inside.count(*block)
    typical = real_by_real(of_real, radius, k_density)
    raw = held(inside.fakes, k_density)
    return {
        "precision": share(inside.fake_hit),
        "recall": share(inside.real_hit),
        "density": float(inside.balls.double().mean()) / k_density,
        "coverage": share(inside.fakes > 0),
        "clipped_density": min(1.0, held(inside.clipped_balls, k_density) / typical),
        "clipped_coverage": calibrated_coverage(raw, len(real), len(fake), k_density),
    }


@dataclass
class Neighbours:
    """Precision, recall, density, coverage, clipped density and clipped coverage, from nearest neighbours.

    Args:
        k_precision: neighbours that the balls of precision and recall reach to.
        k_density: of density, coverage and their clipped forms.
    """

    names: ClassVar[tuple[str, ...]] = (
        "precision",
        "recall",
        "density",
        "coverage",
        "clipped_density",
        "clipped_coverage",
    )

    k_precision: PositiveInt
    k_density: PositiveInt

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Computed on ``device``, in blocks."""
        return neighbours(real.features, fake.features, self.k_precision, self.k_density, device)

    def fits(self, extractor: str, images: int) -> bool:
        """Whether each of so few images has k others; any extractor will do."""
        return images > max(self.k_precision, self.k_density)
