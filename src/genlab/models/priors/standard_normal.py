"""The standard normal prior: Kingma and Welling, 2013 (arXiv:1312.6114)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from genlab.losses.divergence import gaussian_log_density
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Prior


class StandardNormal(Prior):
    """p(z) = N(0, I)."""

    standard_normal: ClassVar[bool] = True

    def log_prob(self, z: Tensor) -> Tensor:
        """log N(z | 0, I). [..., D] -> [...]."""
        return gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws from N(0, I). -> [n, D]."""
        return torch.randn(n, self.latent_dim, generator=stream, device=stream.device, dtype=dtype)

    def kl(self, q: DiagonalGaussian, z: Tensor) -> Tensor:
        """In closed form (appendix B). -> [B]."""
        return q.kl()
