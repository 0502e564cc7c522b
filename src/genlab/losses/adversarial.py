"""Adversarial losses on logits or critic scores, shared by all models.

``real_loss[name]`` and ``fake_loss[name]`` are the discriminator's two parts, ``generator_loss[name]`` is the
generator's: scores [B, ...] -> [B], the mean over the patches of an image. The weights of the parts are up to the
model: a GAN adds them, pix2pix and CycleGAN take their mean, as their papers and code do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32, per_image

AdversarialLoss = Literal["non_saturating", "saturating", "least_squares", "hinge"]
PatchLoss = Literal["non_saturating", "least_squares", "hinge", "wasserstein"]


def bce_real(scores: Tensor) -> Tensor:
    """-log D: binary cross-entropy against 1, on logits. Goodfellow et al., 2014 (arXiv:1406.2661), eq. 1; section 3."""
    return per_image(F.softplus(-at_least_float32(scores)))


def bce_fake(scores: Tensor) -> Tensor:
    """-log(1 - D): binary cross-entropy against 0, on logits. Goodfellow et al., 2014, eq. 1."""
    return per_image(F.softplus(at_least_float32(scores)))


def minimax_generator(scores: Tensor) -> Tensor:
    """log(1 - D): the minimax loss, whose gradient vanishes while the fakes are poor. Goodfellow et al., 2014, eq. 1."""
    return -bce_fake(scores)


def lsgan_real(scores: Tensor) -> Tensor:
    """(D - 1)^2. Mao et al., 2017 (arXiv:1611.04076), eq. 9, without its factors 1/2."""
    return per_image((at_least_float32(scores) - 1).square())


def lsgan_fake(scores: Tensor) -> Tensor:
    """D^2. Mao et al., 2017, eq. 9, without its factors 1/2."""
    return per_image(at_least_float32(scores).square())


def hinge_real(scores: Tensor) -> Tensor:
    """max(0, 1 - D). Lim and Ye, 2017 (arXiv:1705.02894)."""
    return per_image(F.relu(1 - at_least_float32(scores)))


def hinge_fake(scores: Tensor) -> Tensor:
    """max(0, 1 + D). Lim and Ye, 2017."""
    return per_image(F.relu(1 + at_least_float32(scores)))


def critic_real(scores: Tensor) -> Tensor:
    """-D, on real images; on fakes, the generator's loss. Arjovsky et al., 2017 (arXiv:1701.07875), eq. 2, negated."""
    return -per_image(at_least_float32(scores))


def critic_fake(scores: Tensor) -> Tensor:
    """D, on fakes. Arjovsky et al., 2017, eq. 2."""
    return per_image(at_least_float32(scores))


real_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": bce_real,
    "saturating": bce_real,
    "least_squares": lsgan_real,
    "hinge": hinge_real,
    "wasserstein": critic_real,
}
fake_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": bce_fake,
    "saturating": bce_fake,
    "least_squares": lsgan_fake,
    "hinge": hinge_fake,
    "wasserstein": critic_fake,
}
generator_loss: dict[str, Callable[[Tensor], Tensor]] = {
    "non_saturating": bce_real,
    "saturating": minimax_generator,
    "least_squares": lsgan_real,
    "hinge": critic_real,
    "wasserstein": critic_real,
}
