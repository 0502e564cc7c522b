"""What translation models minimise, on the scale of the reference implementation of pix2pix and CycleGAN.

A discriminator's loss is the mean of its losses on real and on made images, ``(real_loss + fake_loss) / 2``; a
generator's is ``wanted_loss``, without a half. So least squares is here twice what ``genlab.losses.adversarial`` has
for the generator, and cross-entropy half of it for the discriminator. Maps of logits [B, ...] -> [B], mean over patches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32

PatchLoss = Literal["non_saturating", "least_squares", "hinge", "wasserstein"]


def over_image(values: Tensor) -> Tensor:
    """The mean over all values of an image. [B, ...] -> [B]; of no images, none."""
    return values.flatten(1).mean(1)


def l1(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference. [B, C, H, W] twice -> [B]."""
    return over_image((at_least_float32(x) - at_least_float32(y)).abs())


def said_real(scores: Tensor) -> Tensor:
    """-log D: binary cross-entropy against 1, on logits."""
    return over_image(F.softplus(-at_least_float32(scores)))


def said_fake(scores: Tensor) -> Tensor:
    """-log(1 - D): binary cross-entropy against 0, on logits."""
    return over_image(F.softplus(at_least_float32(scores)))


def near_one(scores: Tensor) -> Tensor:
    """(D - 1)^2. Mao et al., 2017 (arXiv:1611.04076), eq. 9, twice."""
    return over_image((at_least_float32(scores) - 1).square())


def near_zero(scores: Tensor) -> Tensor:
    """D^2."""
    return over_image(at_least_float32(scores).square())


def above_one(scores: Tensor) -> Tensor:
    """max(0, 1 - D). Lim and Ye, 2017 (arXiv:1705.02894)."""
    return over_image(F.relu(1 - at_least_float32(scores)))


def below_minus_one(scores: Tensor) -> Tensor:
    """max(0, 1 + D)."""
    return over_image(F.relu(1 + at_least_float32(scores)))


def high(scores: Tensor) -> Tensor:
    """-D."""
    return -over_image(at_least_float32(scores))


def low(scores: Tensor) -> Tensor:
    """D: with ``high`` for real ones, the critic of Arjovsky et al., 2017 (arXiv:1701.07875), eq. 2, negated."""
    return over_image(at_least_float32(scores))


real_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": said_real,
    "least_squares": near_one,
    "hinge": above_one,
    "wasserstein": high,
}
fake_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": said_fake,
    "least_squares": near_zero,
    "hinge": below_minus_one,
    "wasserstein": low,
}
wanted_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": said_real,
    "least_squares": near_one,
    "hinge": high,
    "wasserstein": high,
}
