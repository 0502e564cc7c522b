"""Distributions over codes z, as objects with sampling, log-density and KL."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from genlab.contracts import Code
from genlab.losses.divergence import gaussian_kl, gaussian_log_density
from genlab.losses.precision import at_least_float32


class Posterior(Protocol):
    """q(z|x), one for each image of a batch."""

    def sample(self, noise: Tensor) -> Tensor:
        """A code for each row of standard normal noise. [B, ..., D] -> the same shape."""
        ...

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z|x) in nats. [B, K, D] -> [B, K]."""
        ...

    def stopped(self) -> Posterior:
        """The same distribution with constant parameters: gradients flow to z alone."""
        ...

    def code(self) -> Code:
        """Its mean, and its log-variance if it is one Gaussian."""
        ...


def reparameterised(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """mean + standard deviation * noise, computed in float32 at least: z of the shape and dtype of the noise. [..., D].

    The parameters may come from a network in 16 bits: there e^(logvar / 2) is off by up to 0.4 % in itself.
    """
    mean, logvar = at_least_float32(mean), at_least_float32(logvar)
    return (mean + (0.5 * logvar).exp() * noise).to(noise.dtype)


class DiagonalGaussian(NamedTuple):
    """N(mean, diag e^logvar), one for each image: mean, logvar [B, D]."""

    mean: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """mean + standard deviation * noise: Kingma and Welling, 2013, section 2.4.

        Standard normal noise [B, ..., D] -> z of the same shape and dtype.
        """
        return reparameterised(*self.beside(noise), noise)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z) of each z under its own image's distribution, in nats. [B, ..., D] -> [B, ...]."""
        return gaussian_log_density(z, *self.beside(z))

    def kl(self) -> Tensor:
        """KL(q || N(0, I)) in closed form, in nats. -> [B]."""
        return gaussian_kl(self.mean, self.logvar)

    def stopped(self) -> DiagonalGaussian:
        """The same distribution with constant parameters: gradients flow to z alone."""
        return DiagonalGaussian(self.mean.detach(), self.logvar.detach())

    def code(self) -> Code:
        """Mean and log-variance."""
        return Code(self.mean, self.logvar)

    def beside(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """mean and logvar, reshaped to broadcast with z [B, ..., D], in float32 at least."""
        shape = (len(z), *[1] * (z.ndim - 2), z.shape[-1])
        return at_least_float32(self.mean).reshape(shape), at_least_float32(self.logvar).reshape(shape)
