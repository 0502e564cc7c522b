"""Penalties on the gradient of a discriminator with respect to its input, one for each image, computed without autocast.

A score is the mean over the patches of an image and a norm is over all of its pixels, so a penalty does not depend on how
many patches or images there are. The discriminator has to judge each image by itself: no batch norm.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genlab.losses.precision import at_least_float32

Critic = Callable[[Tensor], Tensor]  # [B, *shape] -> scores [B, ...]


def squared_slope(critic: Critic, x: Tensor) -> Tensor:
    """|grad D(x)|^2. [B, *shape] -> [B], differentiable with respect to the critic's weights."""
    with torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x.detach()).requires_grad_(True)
        score = critic(x).reshape(len(x), -1).mean(1).sum()
        (slope,) = torch.autograd.grad(score, x, create_graph=True)
    return slope.flatten(1).square().sum(1)


def one_lipschitz(critic: Critic, x: Tensor) -> Tensor:
    """(|grad D(x)| - 1)^2. [B, *shape] -> [B]."""
    norm = (squared_slope(critic, x) + 1e-12).sqrt()  # the root of 0 has no slope
    return (norm - 1).square()


def one_each(place: Tensor, x: Tensor) -> Tensor:
    """A number for each image, in the form in which it multiplies all of its pixels. [B] and [B, *shape] -> [B, 1, ...]."""
    return place.to(x).reshape(-1, *[1] * (x.dim() - 1))


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, place: Tensor) -> Tensor:
    """(|grad D(x)| - 1)^2 at a point x between a real and a fake image, for a Wasserstein critic.

    Gulrajani et al., 2017 (arXiv:1704.00028), eq. 3 and algorithm 1.

    Args:
        critic: [B, *shape] -> scores [B, ...].
        real: [B, *shape].
        fake: [B, *shape].
        place: [B] in [0, 1]: position between ``fake`` (0) and ``real`` (1).

    Returns:
        [B], differentiable with respect to the critic's weights.
    """
    at = one_each(place, real)
    return one_lipschitz(critic, at * real + (1 - at) * fake)


def zero_centred(critic: Critic, x: Tensor) -> Tensor:
    """|grad D(x)|^2 / 2: R1 on real images, R2 on fake ones. [B, *shape] -> [B].

    Mescheder, Geiger and Nowozin, 2018 (arXiv:1801.04406), eq. 9 and 10; their gamma is the weight.
    """
    return squared_slope(critic, x) / 2


def dragan_penalty(critic: Critic, real: Tensor, spread: Tensor, draw: Tensor, place: Tensor) -> Tensor:
    """(|grad D(x)| - 1)^2 at a point x near a real image: x = real + place * spread * u / 2. -> [B].

    Kodali et al., 2017 (arXiv:1705.07215), section 2.3; the noise, and how far of its way x goes, as in the authors' code.

    Args:
        critic: [B, *shape] -> scores [B, ...].
        real: [B, *shape].
        spread: the standard deviation of all real values of the batch.
        draw: u, uniform in [0, 1), [B, *shape].
        place: [B] in [0, 1]: position between the image (0) and the one with noise (1).
    """
    at = one_each(place, real)
    return one_lipschitz(critic, real + at * spread * draw.to(real) / 2)
