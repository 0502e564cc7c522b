"""Divergences between distributions, in nats per image."""

from __future__ import annotations

from torch import Tensor

from genlab.losses.precision import at_least_float32


def gaussian_kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, e^logvar) || N(0, I)) = 1/2 sum(sigma^2 + mean^2 - 1 - log sigma^2), never negative.

    [B, D], [B, D] -> [B]. Kingma and Welling, 2013 (arXiv:1312.6114), appendix B.
    """
    mean, logvar = at_least_float32(mean), at_least_float32(logvar)
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1)


def gaussian_log_density(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(z | mean, e^logvar), summed over the last dimension. [..., D] -> [...]."""
    z, mean, logvar = at_least_float32(z), at_least_float32(mean), at_least_float32(logvar)
    log_2pi = 1.8378770664093453
    return -0.5 * (log_2pi + logvar + (z - mean).square() * (-logvar).exp()).sum(-1)
