"""VampPrior: Tomczak and Welling, 2018, "VAE with a VampPrior" (arXiv:1705.07120)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.losses.divergence import mixture_log_density
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Prior


class Vamp(Prior):
    """p(z) = 1/K sum_k q(z|u_k): the posteriors of K inputs that are trained with the model, mixed (eq. 9).

    Args:
        components: K. The inputs begin as so many training images, drawn by the seed, and may leave [0, 1].
    """

    of_codes: ClassVar[bool] = True

    def __init__(self, components: PositiveInt) -> None:
        super().__init__()
        self.components = components

    def bound_to(self, latent_dim: int, spec: DataSpec, posterior: Callable[[Tensor], DiagonalGaussian]) -> Self:
        """Without images yet, the inputs are random."""
        if self.components > spec.sizes["train"]:
            key, most = "model.prior.components", spec.sizes["train"]
            what = f"{spec.name} has {most:,} training images to begin from"
            raise ConfigError([Problem(f"{key}={self.components}", what, f"Type: {key}={most}, or less")])
        self.inputs, self.posterior = nn.Parameter(torch.rand(self.components, *spec.shape)), posterior
        return super().bound_to(latent_dim, spec, posterior)

    @property
    def images_wanted(self) -> int:
        """K."""
        return self.components

    @torch.no_grad()
    def begin_with(self, images: Tensor) -> None:
        """Let the inputs be these images. [K, C, H, W] in [0, 1]."""
        self.inputs.copy_(images)

    def fixed(self) -> GaussianMixture:
        """The mixture, its inputs encoded with the present weights."""
        return GaussianMixture(*self.posterior(self.inputs))

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z). [..., D] -> [...]."""
        return self.fixed().log_prob(z)

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws, of a component each. -> [n, D]."""
        return self.fixed().sample(n, stream, dtype)


class GaussianMixture(Prior):
    """1/K sum_k N(mean_k, e^logvar_k): means and log-variances [K, D]."""

    def __init__(self, mean: Tensor, logvar: Tensor) -> None:
        super().__init__()
        self.mean, self.logvar, self.latent_dim = mean, logvar, mean.shape[1]

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z). [..., D] -> [...]."""
        return mixture_log_density(z, self.mean, self.logvar)

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws, of a component each. -> [n, D]."""
        which = torch.randint(len(self.mean), (n,), generator=stream, device=stream.device)
        noise = torch.randn(n, self.latent_dim, generator=stream, device=stream.device, dtype=dtype)
        return DiagonalGaussian(self.mean[which], self.logvar[which]).sample(noise)
