"""Mode collapse on mixtures with known modes: how many a generator covers, how evenly, and how well.

Srivastava et al., 2017 (arXiv:1705.07761), section 5.1, with the definitions of the code of Lin et al., 2018
(arXiv:1712.04086): a sample belongs to the nearest mode and is good within 3 standard deviations of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.metrics.histogram import reverse_kl

NEAR = 3.0  # standard deviations


@dataclass(frozen=True)
class Assigned:
    """Samples counted by the mode nearest to them, int64 [M] each.

    Args:
        samples: all of them.
        good: those within ``NEAR`` standard deviations.
    """

    samples: Tensor
    good: Tensor

    @property
    def coverage(self) -> dict[str, float]:
        """``modes``: those with at least one good sample; ``high_quality``: the share of good samples, in [0, 1];
        ``modes_kl``: KL(good samples by mode || all modes alike) in nats, missing where no sample is good.
        """
        found = {"modes": float((self.good > 0).sum()), "high_quality": float(self.good.sum() / self.samples.sum())}
        if found["modes"]:
            found["modes_kl"] = reverse_kl(self.good, torch.ones_like(self.good))
        return found


def assign(x: Tensor, centres: Tensor, sigma: float) -> Assigned:
    """Count samples by mode. x [N, D], centres [M, D], each with standard deviation ``sigma``."""
    distance, nearest = torch.cdist(x.double(), centres.double()).min(1)  # [N] each
    counted = (torch.bincount(of, minlength=len(centres)) for of in (nearest, nearest[distance < NEAR * sigma]))
    return Assigned(*counted)


def mode_coverage(x: Tensor, centres: Tensor, sigma: float) -> dict[str, float]:
    """``modes``, ``high_quality`` and ``modes_kl`` of samples x [N, D] of a mixture with these centres [M, D]."""
    return assign(x, centres, sigma).coverage
