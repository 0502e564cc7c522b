"""Penalties on codes that are not sparse."""

from __future__ import annotations

from torch import Tensor

from genlab.losses.precision import at_least_float32

EDGE = 1e-6  # the mean activity is kept so far from 0 and 1, where the divergence is infinite


def l1_norm(code: Tensor) -> Tensor:
    """sum_j |code_j|. [B, D] -> [B]."""
    return at_least_float32(code).abs().sum(1)


def activity_divergence(activity: Tensor, target: float) -> Tensor:
    """KL(Bernoulli(target) || Bernoulli(activity)) in nats. Mean activity of each unit in (0, 1), [D] -> [D].

    Ng, 2011, "Sparse autoencoder" (CS294A lecture notes), section 3; Lee, Ekanadham and Ng, 2008, have its square instead.
    """
    activity = at_least_float32(activity).clamp(EDGE, 1 - EDGE)
    on = target * (target / activity).log()
    return on + (1 - target) * ((1 - target) / (1 - activity)).log()
