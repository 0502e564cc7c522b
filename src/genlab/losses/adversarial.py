"""What two players want. Discriminators give logits; a map of scores counts as the mean over its patches.

``discriminator_loss[name](real, fake)`` and ``generator_loss[name](fake)``: logits [B, ...] -> [B], to be minimised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32

AdversarialLoss = Literal["non_saturating", "saturating", "least_squares", "hinge"]


def per_image(scores: Tensor) -> Tensor:
    """Scores [B, ...] -> [B], the mean over the patches of an image."""
    return at_least_float32(scores).reshape(len(scores), -1).mean(1)


def cross_entropy_d(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))); log 4 where D answers 1/2. Goodfellow et al., 2014 (arXiv:1406.2661), eq. 1."""
    return per_image(F.softplus(-at_least_float32(real))) + per_image(F.softplus(at_least_float32(fake)))


def non_saturating_g(fake: Tensor) -> Tensor:
    """-log D(G(z)): strong gradients while the fakes are poor. Goodfellow et al., 2014, section 3."""
    return per_image(F.softplus(-at_least_float32(fake)))


def saturating_g(fake: Tensor) -> Tensor:
    """log(1 - D(G(z))): the min-max game itself; its gradient vanishes while the fakes are poor."""
    return -per_image(F.softplus(at_least_float32(fake)))


def least_squares_d(real: Tensor, fake: Tensor) -> Tensor:
    """((D(x) - 1)^2 + D(G(z))^2) / 2. Mao et al., 2017 (arXiv:1611.04076), eq. 9."""
    return 0.5 * (per_image((at_least_float32(real) - 1).square()) + per_image(at_least_float32(fake).square()))


def least_squares_g(fake: Tensor) -> Tensor:
    """(D(G(z)) - 1)^2 / 2. Mao et al., 2017, eq. 9."""
    return 0.5 * per_image((at_least_float32(fake) - 1).square())


def hinge_d(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))). Lim and Ye, 2017 (arXiv:1705.02894)."""
    return per_image(F.relu(1 - at_least_float32(real))) + per_image(F.relu(1 + at_least_float32(fake)))


def hinge_g(fake: Tensor) -> Tensor:
    """-D(G(z)). Lim and Ye, 2017."""
    return -per_image(fake)


discriminator_loss: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "non_saturating": cross_entropy_d,
    "saturating": cross_entropy_d,
    "least_squares": least_squares_d,
    "hinge": hinge_d,
}
generator_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": non_saturating_g,
    "saturating": saturating_g,
    "least_squares": least_squares_g,
    "hinge": hinge_g,
}
