"""Estimators of the gradient of E f(z), z ~ N(mu, e^logvar), by mu and logvar: one value for each draw.

Pathwise: z = mu + sigma eps, so the gradient passes through f (Kingma and Welling, 2013, arXiv:1312.6114, section 2.4; Rezende
et al., 2014, arXiv:1401.4082). Score function: f(z) times the gradient of log q(z), for which f need not be differentiable
(Williams, 1992, "REINFORCE"); with a baseline, the mean of f over the other draws, which leaves the expectation as it is
(Mohamed et al., 2020, arXiv:1906.10652, sections 4.2 and 7.4.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]  # codes [B, S, D] -> [B, S]
SCORE, BASELINE, PATHWISE = "score function", "score function, baseline", "pathwise"
NAMES = (SCORE, BASELINE, PATHWISE)


class Gradients(NamedTuple):
    """One estimate for each of S draws: by mu and by logvar, [B, S, D] each."""

    mu: Tensor
    logvar: Tensor


def draws_of(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """z = mu + sigma eps. [B, D], [B, D], [B, S, D] -> [B, S, D]."""
    return mu[:, None] + (0.5 * logvar[:, None]).exp() * noise


def pathwise(f: Function, mu: Tensor, logvar: Tensor, noise: Tensor) -> tuple[Tensor, Gradients]:
    """f [B, S] and dz/dmu df/dz, dz/dlogvar df/dz: each draw's own, since no other draw enters its f."""
    with torch.enable_grad():
        z = draws_of(mu, logvar, noise).detach().requires_grad_()
        values = f(z)
        (slope,) = torch.autograd.grad(values.sum(), z)
    spread = 0.5 * (0.5 * logvar[:, None]).exp() * noise
    return values.detach(), Gradients(slope, slope * spread)


def score_function(values: Tensor, logvar: Tensor, noise: Tensor) -> Gradients:
    """f d log q/dmu = f eps / sigma, f d log q/dlogvar = f (eps^2 - 1) / 2. ``values``: f, [B, S]."""
    weight = values[..., None]
    return Gradients(weight * noise * (-0.5 * logvar[:, None]).exp(), weight * (noise.square() - 1) / 2)


def less_the_others(values: Tensor) -> Tensor:
    """f less the mean of f over the other draws of the same image. [B, S] -> [B, S]; of one draw, f."""
    count = values.shape[1]
    if count < 2:
        return values
    return (values - values.mean(1, keepdim=True)) * count / (count - 1)


def all_three(f: Function, mu: Tensor, logvar: Tensor, noise: Tensor) -> dict[str, Gradients]:
    """The three estimators from the same draws, by ``NAMES``."""
    values, along = pathwise(f, mu, logvar, noise)
    return {
        SCORE: score_function(values, logvar, noise),
        BASELINE: score_function(less_the_others(values), logvar, noise),
        PATHWISE: along,
    }


class Moments:
    """Sum and sum of squares of a gradient's estimates over draws: their mean and variance, in float64.

    Args:
        shape: of a single estimate.
    """

    def __init__(self, shape: torch.Size) -> None:
        self.count = 0
        self.mean_of = torch.zeros(shape, dtype=torch.float64)
        self.squares = torch.zeros(shape, dtype=torch.float64)

    def add(self, estimates: Tensor) -> None:
        """Take in S estimates, [S, …]: by Chan, Golub and LeVeque, 1983, so that large means cost no digits."""
        new = estimates.detach().double().cpu()
        mean, count = new.mean(0), len(new)
        apart, both = mean - self.mean_of, self.count + count
        self.squares += (new - mean).square().sum(0) + apart.square() * self.count * count / both
        self.mean_of += apart * count / both
        self.count = both

    @property
    def mean(self) -> Tensor:
        """Of the estimates."""
        return self.mean_of

    @property
    def variance(self) -> Tensor:
        """Of a single estimate, unbiased."""
        return self.squares / max(self.count - 1, 1)
