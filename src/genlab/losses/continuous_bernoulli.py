"""Continuous Bernoulli on [0, 1], in logits: Loaiza-Ganem and Cunningham, 2019 (arXiv:1907.06845).

p(x | eta) = exp(x eta) / Z with Z = (exp(eta) - 1) / eta: a Bernoulli's formula divided by its integral, hence a density. Near
eta = 0, where Z is 0 / 0, its logarithm and the mean are taken from their series.
"""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.losses.precision import at_least_float32

NEAR = 0.2  # |eta| from which the closed forms lose no digits of float32
NEAR_DOUBLE = 0.04


def continuous_bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x | logits), a density. [B, ...], [B, ...] in [0, 1] -> [B]."""
    logits, x = at_least_float32(logits), at_least_float32(x)
    return (log_normaliser(logits) - x * logits).flatten(1).sum(1)


def log_normaliser(eta: Tensor) -> Tensor:
    """log Z, elementwise: eta / 2 + log(sinh(u) / u), u = eta / 2."""
    near, far = split(eta)
    square = near.square() / 4
    by_series = near / 2 + square * (1 / 6 - square * (1 / 180 - square / 2835))
    size = far.abs()
    return torch.where(is_near(eta), by_series, far.clamp(min=0) + (-torch.expm1(-size) / size).log())


def continuous_bernoulli_mean(logits: Tensor) -> Tensor:
    """E[x] = 1 / (1 - exp(-eta)) - 1 / eta, elementwise: nearer to 1/2 than a Bernoulli's."""
    eta = at_least_float32(logits)
    near, far = split(eta)
    square, size = near.square(), far.abs()
    by_series = 0.5 + near * (1 / 12 - square * (1 / 720 - square / 30240))
    above = -1 / torch.expm1(-size) - 1 / size  # of |eta|; that of -|eta| is 1 minus it
    return torch.where(is_near(eta), by_series, torch.where(far > 0, above, 1 - above))


def continuous_bernoulli_draw(logits: Tensor, uniform: Tensor) -> Tensor:
    """The pixels at which the distribution function is ``uniform``, elementwise: log(1 + u (exp(eta) - 1)) / eta."""
    eta = at_least_float32(logits)
    size = eta.abs().clamp(min=torch.finfo(eta.dtype).tiny)
    u = torch.where(eta > 0, 1 - uniform, uniform)  # x of -eta is 1 - x of eta: so nothing overflows
    x = -torch.log1p(u * torch.expm1(-size)) / size
    return torch.where(eta > 0, 1 - x, x).clamp(0, 1)


def is_near(eta: Tensor) -> Tensor:
    """Where the series is used."""
    return eta.abs() < (NEAR_DOUBLE if eta.dtype == torch.float64 else NEAR)


def split(eta: Tensor) -> tuple[Tensor, Tensor]:
    """``eta`` for the series and for the closed form, each with a harmless number where the other is used."""
    near = is_near(eta)
    return torch.where(near, eta, 0.0), torch.where(near, 1.0, eta)
