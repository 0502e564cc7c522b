"""How rare an image is among others by its code: Amini et al., 2019, "Uncovering and Mitigating Algorithmic Bias", section 3.3.

Each coordinate of the codes has a histogram; an image in bins that few others share gets a large weight.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Combine = Literal["product", "max"]


def bin_shares(means: Tensor, bins: int) -> Tensor:
    """The share of the images in each image's own bin, by coordinate: Q_i(z_i(x)) of eq. 2. [N, D] -> [N, D].

    Bins have one width, from the least to the largest value of a coordinate.
    """
    low, high = means.amin(0), means.amax(0)
    place = ((means - low) / (high - low).clamp_min(1e-12) * bins).long().clamp_max(bins - 1)  # [N, D]
    counts = torch.zeros(bins, means.shape[1], dtype=means.dtype).scatter_add_(0, place, torch.ones_like(means))
    return counts.gather(0, place) / len(means)


def rarity_weights(means: Tensor, bins: int, smoothing: float, combine: Combine, cap: float) -> Tensor:
    """Weights of which the mean is 1: W ~ prod_i 1 / (Q_i(z_i(x)) + smoothing) (eq. 2), or the largest of these factors.

    The product is the paper's; the maximum is that of the authors' own code. None is more than ``cap`` times the median, since
    a product over many coordinates may leave an epoch to a few images. Without smoothing rare images count most, with much of
    it all are alike. [N, D] -> [N], float64.
    """
    factors = -(
        bin_shares(means.double(), bins) + smoothing
    ).log()  # products of many shares are sums of their logarithms
    log_w = factors.sum(1) if combine == "product" else factors.amax(1)
    log_w = (log_w - log_w.median()).clamp_max(math.log(cap))
    weights = log_w.exp()
    return weights / weights.mean()
