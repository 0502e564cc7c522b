"""The penalty that keeps the norm of a Wasserstein critic's gradient near 1. Gulrajani et al., 2017 (arXiv:1704.00028)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genlab.losses.precision import at_least_float32


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, place: Tensor) -> Tensor:
    """(|grad D(x)| - 1)^2 per image, at a point x between a real and a fake one (eq. 3 and algorithm 1).

    D(x) is the mean over the patches of an image and the norm is over all of its pixels, so the penalty does not
    depend on how many patches or images there are. Computed without autocast.

    Args:
        critic: [B, C, H, W] -> scores [B, ...], each image independently: no batch norm.
        real: [B, C, H, W].
        fake: [B, C, H, W].
        place: [B] in [0, 1]: position between ``fake`` (0) and ``real`` (1).

    Returns:
        [B], differentiable with respect to the critic's weights.
    """
    at = place.to(real).reshape(-1, 1, 1, 1)
    with torch.enable_grad(), torch.autocast(real.device.type, enabled=False):
        x = at_least_float32((at * real + (1 - at) * fake).detach()).requires_grad_(True)
        score = critic(x).reshape(len(x), -1).mean(1).sum()
        (slope,) = torch.autograd.grad(score, x, create_graph=True)
    norm = (slope.flatten(1).square().sum(1) + 1e-12).sqrt()  # the root of 0 has no slope
    return (norm - 1).square()
