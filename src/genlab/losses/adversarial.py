"""Adversarial losses on logits or critic scores, shared by all models.

``real_loss[name]`` and ``fake_loss[name]`` are the discriminator's two parts, ``generator_loss[name]`` is the
generator's: scores [B, ...] -> [B], the mean over the patches of an image. The weights of the parts are up to the
model: a GAN adds them, pix2pix and CycleGAN take their mean, as their papers and code do. ``relativistic`` has no
parts: it compares a real image with a fake one, and ``discriminator_parts`` and ``generator_part`` know all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32, per_image

AdversarialLoss = Literal["non_saturating", "saturating", "least_squares", "hinge", "wasserstein", "relativistic"]
SMOOTHED = ("non_saturating", "saturating", "least_squares")  # those whose real images have a target
OFFSET_FREE = ("relativistic", "wasserstein")  # those to which a constant added to all scores means nothing


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


def relativistic_pair(better: Tensor, worse: Tensor) -> Tensor:
    """-log sigmoid(D(x) - D(y)): x is to be more real than y, which D wants of real x and G of fake ones.

    Jolicoeur-Martineau, 2018 (arXiv:1807.00734), section 4.1; Huang et al., 2024 (arXiv:2501.05441), eq. 2. Patches are
    compared one by one, images of unequal size by their means; of unequal numbers, which validation has, the first come again.
    """
    better, worse = at_least_float32(better), at_least_float32(worse)
    if better.shape[1:] != worse.shape[1:]:
        better, worse = per_image(better), per_image(worse)
    count = max(len(better), len(worse))
    return per_image(F.softplus(repeated(worse, count) - repeated(better, count)))


def repeated(scores: Tensor, count: int) -> Tensor:
    """``count`` rows: if there are fewer, the first come again."""
    return scores if len(scores) == count else scores[torch.arange(count, device=scores.device) % len(scores)]


def smoothed_real(name: AdversarialLoss, scores: Tensor, smoothing: float) -> Tensor:
    """The loss on real images for a target of 1 - ``smoothing`` instead of 1.

    One-sided label smoothing: Salimans et al., 2016 (arXiv:1606.03498), section 3.4.
    """
    if name == "least_squares":
        return per_image((at_least_float32(scores) - (1 - smoothing)).square())
    return (1 - smoothing) * bce_real(scores) + smoothing * bce_fake(scores)


def log_odds(name: AdversarialLoss, scores: Tensor) -> Tensor:
    """By how much D takes its input for real rather than fake: above 0 for real. [B, ...] -> the same shape, float32 at least.

    The best D of the cross-entropies has p / (p + q) as the sigmoid of its score (Goodfellow et al., 2014, eq. 2), that of
    least squares as the score itself (Mao et al., 2017, eq. 5). The others have scores: of hinge, 0 is the border.
    """
    return scores.logit(eps=1e-6) if name == "least_squares" else scores


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


def discriminator_parts(
    name: AdversarialLoss, of_real: Tensor, of_fake: Tensor, smoothing: float = 0.0
) -> dict[str, Tensor]:
    """The parts of the discriminator's loss: ``real`` and ``fake``, or the one ``pair`` of both. [B, ...] twice -> [B].

    Args:
        name: of the loss.
        of_real: scores of real images.
        of_fake: scores of fake images, as many.
        smoothing: of the target of real images, for a loss in ``SMOOTHED``.
    """
    if name == "relativistic":
        return {"pair": relativistic_pair(of_real, of_fake)}
    real = smoothed_real(name, of_real, smoothing) if smoothing else real_loss[name](of_real)
    return {"real": real, "fake": fake_loss[name](of_fake)}


def generator_part(name: AdversarialLoss, of_fake: Tensor, of_real: Tensor | None) -> Tensor:
    """The generator's loss. [B, ...] -> [B]. ``of_real``: as many scores, which ``relativistic`` needs."""
    if name == "relativistic":
        assert of_real is not None
        return relativistic_pair(of_fake, of_real)
    return generator_loss[name](of_fake)
