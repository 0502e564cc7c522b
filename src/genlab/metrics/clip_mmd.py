"""CMMD: maximum mean discrepancy of CLIP embeddings with a Gaussian kernel. Jayasumana et al., 2024 (arXiv:2401.09603)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from genlab.config.types import PositiveFloat
from genlab.metrics.error_bars.kernel_error import discrepancy_error

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet

ENTRIES = 10**7  # of a Gram matrix at once: 80 MB


def mean_kernel(x: Tensor, y: Tensor, sigma: float) -> float:
    """The mean of exp(-|x - y|^2 / (2 sigma^2)) - 1 over all pairs of unit vectors, float64: [n, d], [m, d] -> number.

    Less the 1, which falls out of the difference of three such means: at the published width the kernel never leaves
    0.98 … 1, and its digits would be spent on it.
    """
    total = sum(float(kernel_less_one(part, y, sigma).sum()) for part in x.split(max(1, ENTRIES // len(y))))
    return total / (len(x) * len(y))


def kernel_less_one(x: Tensor, y: Tensor, sigma: float) -> Tensor:
    """exp(-|x - y|^2 / (2 sigma^2)) - 1 of unit vectors. [n, d], [m, d] -> [n, m]."""
    return ((x @ y.T - 1) / sigma**2).expm1_()


def squared_discrepancy(x: Tensor, y: Tensor, sigma: float) -> float:
    """The squared MMD of features, scaled to unit length. Biased, as the authors' code: 0 for equal sets, never below.

    [n, d], [m, d] -> number.
    """
    x, y = (normalize(z.double(), dim=1) for z in (x, y))
    return mean_kernel(x, x, sigma) + mean_kernel(y, y, sigma) - 2 * mean_kernel(x, y, sigma)


@dataclass
class CMMD:
    """The squared MMD of unit CLIP embeddings, times ``scale``.

    Args:
        sigma: the width of the kernel; 10 in the paper.
        scale: 1,000 in the paper.
    """

    names: ClassVar[tuple[str, ...]] = ("cmmd",)

    sigma: PositiveFloat
    scale: PositiveFloat

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Computed on ``device``."""
        x, y = real.features.to(device), fake.features.to(device)
        return {"cmmd": self.scale * squared_discrepancy(x, y, self.sigma)}

    def standard_errors(self, real: FeatureSet, fake: FeatureSet, seed: int, device: torch.device) -> dict[str, float]:
        """In closed form; ``seed``: of the images that it is estimated from."""
        x, y = (normalize(z.features.to(device).double(), dim=1) for z in (real, fake))
        return {"cmmd": self.scale * discrepancy_error(x, y, partial(kernel_less_one, sigma=self.sigma), seed)}

    def fits(self, extractor: str, images: int) -> bool:
        """Whether the features are CLIP's; any number of images will do."""
        return extractor.startswith("clip")
