"""Importance weighting: a bound on log p(x) from several codes of an image. Burda et al., 2015 (arXiv:1509.00519)."""

from __future__ import annotations

import math

from torch import Tensor

from genlab.losses.precision import at_least_float32


def importance_bound(log_w: Tensor) -> Tensor:
    """log 1/K sum_k w_k with w_k = p(x, z_k) / q(z_k|x): eq. 8; for K = 1 the ELBO. [B, K] -> [B]."""
    log_w = at_least_float32(log_w)
    return log_w.logsumexp(1) - math.log(log_w.shape[1])
