"""Inception score: is each image of one class, and are there many classes? Salimans et al., 2016 (arXiv:1606.03498)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.config.types import NonNegativeInt, PositiveInt

if TYPE_CHECKING:
    from genlab.metrics.feature_set import FeatureSet


def score(logits: Tensor) -> Tensor:
    """exp of the mean of KL(p(y|x) || p(y)), p(y) the mean over the images: 1 to K. [N, K] -> scalar, float64."""
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    divergence = torch.special.xlogy(p, p) - torch.special.xlogy(p, p.mean(0))
    return divergence.sum(1).mean().exp()


def scores(logits: Tensor, splits: int, seed: int) -> Tensor:
    """The score of each of ``splits`` parts of the shuffled images, cut as torch-fidelity does. [N, K] -> [splits]."""
    n = len(logits)
    order = torch.from_numpy(np.random.RandomState(seed).permutation(n)).to(logits.device)
    return torch.stack([score(logits[order[i * n // splits : (i + 1) * n // splits]]) for i in range(splits)])


@dataclass
class InceptionScore:
    """``inception_score``, the mean over parts of the images, and ``inception_score_sd``, their standard deviation.

    Of generated images alone; real ones are not looked at. Equals torch-fidelity on the same logits and seed.

    Args:
        splits: parts; 10 in the literature.
        rng_seed: of the shuffle before.
    """

    names: ClassVar[tuple[str, ...]] = ("inception_score", "inception_score_sd")

    splits: PositiveInt
    rng_seed: NonNegativeInt

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """From the logits that the extractor's own classifier has for its features."""
        extractor: Any = fake.extractor
        logits: Tensor | None = extractor.logits(fake.features.to(device))
        assert logits is not None
        found = scores(logits.to(device), self.splits, self.rng_seed)
        return {"inception_score": float(found.mean()), "inception_score_sd": float(found.std(correction=0))}

    def fits(self, extractor: str, images: int) -> bool:
        """Whether the extractor has the classes of the literature, ImageNet's, and each part an image."""
        return extractor.startswith("inception") and images >= self.splits
