"""Distributions over codes of two levels, z = (z1, z2): z2 on top, z1 given z2. Objectives see them as those of one code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from genlab.contracts import Code
from genlab.losses.divergence import gaussian_kl_between, gaussian_log_density
from genlab.models.base.distributions import DiagonalGaussian, reparameterised
from genlab.models.base.parts import Prior

Conditional = Callable[[Tensor], tuple[Tensor, Tensor]]


def gaussian_given(net: nn.Module, stopped: bool = False) -> Conditional:
    """N(mean, e^logvar) from the output of a network; ``stopped``: with constant weights, so that gradients flow through."""
    weights = {name: weight.detach() for name, weight in net.named_parameters()} if stopped else {}

    def given(inputs: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = functional_call(net, weights, (inputs,)).chunk(2, -1)
        return mean, logvar

    return given


@dataclass(frozen=True)
class TwoLevelPosterior:
    """q(z2|x) q(z1|x, z2).

    Args:
        top: q(z2|x).
        features: of the images, [B, F].
        net: from [features, z2] to mean and log-variance of z1.
        constant: gradients flow to z alone.
    """

    top: DiagonalGaussian
    features: Tensor
    net: nn.Module
    constant: bool = False

    def below(self, z2: Tensor) -> tuple[Tensor, Tensor]:
        """q(z1|x, z2) of each draw. [B, K, D2] -> mean, logvar [B, K, D1]."""
        features = self.features[:, None].expand(-1, z2.shape[1], -1)
        return gaussian_given(self.net, self.constant)(torch.cat([features, z2], -1))

    def sample(self, noise: Tensor) -> Tensor:
        """Standard normal noise [B, K, D1 + D2] -> z of the same shape."""
        size = self.top.mean.shape[1]
        z2 = self.top.sample(noise[..., -size:])
        return torch.cat([reparameterised(*self.below(z2), noise[..., :-size]), z2], -1)

    def code(self) -> Code:
        """The mean of q(z2|x), and below it that of q(z1|x, z2): [B, D1 + D2], without a variance."""
        top = self.top.mean
        return Code(torch.cat([self.below(top[:, None])[0].squeeze(1), top], 1))

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z2|x) + log q(z1|x, z2). [B, K, D1 + D2] -> [B, K]."""
        z1, z2 = self.split(z)
        return self.top.log_prob(z2) + gaussian_log_density(z1, *self.below(z2))

    def split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z1, z2."""
        size = self.top.mean.shape[1]
        return z[..., :-size], z[..., -size:]

    def stopped(self) -> TwoLevelPosterior:
        """The same distribution with constant parameters: gradients flow to z alone, through z2 to that of z1 too."""
        return TwoLevelPosterior(self.top.stopped(), self.features.detach(), self.net, constant=True)


class TwoLevelPrior(Prior):
    """p(z2) p(z1|z2).

    Args:
        top: p(z2).
        net: from z2 to mean and log-variance of z1.
    """

    def __init__(self, top: Prior, net: nn.Module) -> None:
        super().__init__()
        self.top, self.net = top, net

    def fixed(self) -> TwoLevelPrior:
        """This prior, what does not depend on z computed once."""
        return TwoLevelPrior(self.top.fixed(), self.net)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z2) + log p(z1|z2). [..., D1 + D2] -> [...]."""
        z2 = z[..., -self.top.latent_dim :]
        return self.top.log_prob(z2) + gaussian_log_density(
            z[..., : -self.top.latent_dim], *gaussian_given(self.net)(z2)
        )

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws, from the top down. -> [n, D1 + D2]."""
        z2 = self.top.sample(n, stream, dtype)
        mean, logvar = gaussian_given(self.net)(z2)
        noise = torch.randn(mean.shape, generator=stream, device=stream.device, dtype=dtype)
        return torch.cat([reparameterised(mean, logvar, noise), z2], -1)

    def kl(self, q: TwoLevelPosterior, z: Tensor) -> Tensor:
        """Of both levels. [B, K, D1 + D2] -> [B]."""
        one, two = self.kl_by_level(q, z)
        return one + two

    def kl_by_level(self, q: TwoLevelPosterior, z: Tensor) -> tuple[Tensor, Tensor]:
        """KL(q(z1|x, z2) || p(z1|z2)), in closed form for each z2 drawn, and KL(q(z2|x) || p(z2)). -> [B], [B]."""
        _, z2 = q.split(z)
        one = gaussian_kl_between(*q.below(z2), *gaussian_given(self.net)(z2)).mean(1)
        return one, self.top.kl(q.top, z2)
