"""Divergences between distributions, in nats per image."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genlab.losses.precision import at_least_float32


def gaussian_kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, e^logvar) || N(0, I)) = 1/2 sum(sigma^2 + mean^2 - 1 - log sigma^2), never negative.

    [B, D], [B, D] -> [B]. Kingma and Welling, 2013 (arXiv:1312.6114), appendix B.
    """
    return gaussian_kl_each(mean, logvar).sum(1)


def gaussian_kl_each(mean: Tensor, logvar: Tensor) -> Tensor:
    """The same of each dimension by itself. [B, D], [B, D] -> [B, D]."""
    mean, logvar = at_least_float32(mean), at_least_float32(logvar)
    return 0.5 * (mean.square() + torch.expm1(logvar) - logvar)


def gaussian_log_density(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(z | mean, e^logvar), summed over the last dimension. [..., D] -> [...]."""
    z, mean, logvar = at_least_float32(z), at_least_float32(mean), at_least_float32(logvar)
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mean).square() * (-logvar).exp()).sum(-1)


def log_density_each(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(z | mean, e^logvar) of each dimension by itself. [..., D] -> [..., D]."""
    return gaussian_log_density(z[..., None], mean[..., None], logvar[..., None])


def gaussian_kl_between(mean: Tensor, logvar: Tensor, other_mean: Tensor, other_logvar: Tensor) -> Tensor:
    """KL(N(mean, e^logvar) || N(other_mean, e^other_logvar)), summed over the last dimension. [..., D] -> [...]."""
    mean, logvar, other_mean, other_logvar = map(at_least_float32, (mean, logvar, other_mean, other_logvar))
    squares = (logvar - other_logvar).exp() + (mean - other_mean).square() * (-other_logvar).exp()
    return 0.5 * (other_logvar - logvar + squares - 1).sum(-1)


def mixture_log_density(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log 1/K sum_k N(z | mean_k, e^logvar_k). z [..., D]; mean, logvar [K, D] -> [...].

    The squares are written out, so that all pairs of z and component are two matrix products; these are in float64, where
    the device has it, since large terms cancel in them.
    """
    wide = torch.float32 if z.device.type == "mps" else torch.float64
    z, mean, logvar, dtype = z.to(wide), mean.to(wide), logvar.to(wide), at_least_float32(z).dtype
    inverse = (-logvar).exp()
    constant = (math.log(2 * math.pi) + logvar + mean.square() * inverse).sum(1)  # [K]
    each = -0.5 * (z.square() @ inverse.T - 2 * z @ (mean * inverse).T + constant)  # [..., K]
    return (each.logsumexp(-1) - math.log(len(mean))).to(dtype)
