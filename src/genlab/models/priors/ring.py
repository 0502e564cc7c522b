"""A mixture of Gaussians around a circle: Makhzani et al., 2015 (arXiv:1511.05644), figure 4."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.losses.divergence import gaussian_log_density
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.priors.mixture import ComponentPrior


class Ring(ComponentPrior):
    """Equal shares of Gaussians, one for each direction, each with its axes along and across that direction.

    Args:
        components: K, how many.
        radius: of the circle on which their means lie.
        radial: standard deviation along the direction.
        tangential: standard deviation across it.
    """

    def __init__(
        self, components: PositiveInt, radius: PositiveFloat, radial: PositiveFloat, tangential: PositiveFloat
    ) -> None:
        super().__init__(components)
        self.radius, self.radial, self.tangential = radius, radial, tangential

    def bound_to(self, latent_dim: int, spec: DataSpec, posterior: Callable[[Tensor], DiagonalGaussian]) -> Self:
        """This prior, for codes of two numbers.

        Raises:
            ConfigError: they have others.
        """
        if latent_dim != 2:
            what, remedy = (
                "model/prior=ring lies in a plane",
                f"Type: {self.size_key}=2, or model/prior=standard_normal",
            )
            raise ConfigError([Problem(f"{self.size_key}={latent_dim}", what, remedy)])
        return super().bound_to(latent_dim, spec, posterior)

    def log_prob(self, z: Tensor) -> Tensor:
        """log 1/K sum_k N(z | component k). [..., 2] -> [...]."""
        angle = self.angle(torch.arange(self.components, device=z.device), z.dtype)  # [K]
        along, across = turned(z[..., None, :], -angle).unbind(-1)  # [..., K]
        scaled = torch.stack([(along - self.radius) / self.radial, across / self.tangential], -1)
        each = gaussian_log_density(scaled, torch.zeros_like(scaled), torch.zeros_like(scaled))
        mixed = importance_bound(each.reshape(-1, self.components)).view(z.shape[:-1])
        return mixed - math.log(self.radial * self.tangential)

    def place(self, component: Tensor, noise: Tensor) -> Tensor:
        """Draws from given components, made of standard normal noise. [n] int64, [n, 2] -> [n, 2]."""
        along, across = noise.unbind(-1)
        local = torch.stack([along * self.radial + self.radius, across * self.tangential], -1)
        return turned(local, self.angle(component, noise.dtype))

    def angle(self, component: Tensor, dtype: torch.dtype) -> Tensor:
        """The direction of each component, in radians. [n] -> [n]."""
        return component.to(dtype) * (2 * math.pi / self.components)


def turned(z: Tensor, angle: Tensor) -> Tensor:
    """Points in the plane, each turned by its angle. [..., 2], [...] -> [..., 2]."""
    x, y = z.unbind(-1)
    return torch.stack([x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos()], -1)
