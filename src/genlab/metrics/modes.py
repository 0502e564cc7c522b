"""Mode collapse on mixtures with known modes: how many a generator covers, and how well."""

from __future__ import annotations

import torch
from torch import Tensor

NEAR = 3.0  # standard deviations


def mode_coverage(x: Tensor, centres: Tensor, sigma: float) -> dict[str, float]:
    """``modes``: centres with a good sample; ``high_quality``: the share of good samples, in [0, 1].

    A sample is good if it lies within 3 ``sigma`` of the centre nearest to it (Srivastava et al., 2017, arXiv:1705.07761,
    section 5.1; one good sample is enough for a mode, as in Lin et al., 2018, arXiv:1712.04086). x [N, D], centres [M, D].
    """
    distance, nearest = torch.cdist(x.double(), centres.double()).min(1)  # [N] each
    good = distance < NEAR * sigma
    return {"modes": float(nearest[good].unique().numel()), "high_quality": good.double().mean().item()}
