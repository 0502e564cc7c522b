"""Packing: the discriminator judges several images at once, so that it sees how alike they are.

Lin, Khetan, Fanti and Oh, 2018, "PacGAN: The power of two samples in generative adversarial networks" (arXiv:1712.04086).
"""

from __future__ import annotations

from torch import Tensor, nn

from genlab.losses.precision import at_least_float32, per_image


def packed(x: Tensor, size: int) -> Tensor:
    """Packs of ``size`` images, concatenated in channels (points in coordinates). [B, C, ...] -> [B / size, size C, ...].

    Pack j has the images j, j + B / size, …: so several ranks, of which each has every W-th image, pack as one process does.
    If ``size`` does not divide B, the first images come again at the end.
    """
    if size == 1:
        return x
    packs = -(-len(x) // size)
    whole = x.repeat(size, *[1] * (x.dim() - 1))[: packs * size] if len(x) % size else x
    return whole.unflatten(0, (size, packs)).transpose(0, 1).flatten(1, 2)


def unpacked(score: Tensor, size: int, images: int) -> Tensor:
    """The score of the pack that each of the ``images`` is in. [B / size, ...] -> [B, ...]."""
    return score if size == 1 else score.repeat(size, *[1] * (score.dim() - 1))[:images]


def scores_of_packs(discriminator: nn.Module, x: Tensor, given: tuple[Tensor, ...], size: int) -> Tensor:
    """A discriminator's scores of whole packs, the mean over patches: [B, ...] -> float32 [B / size]; the rest is left out.

    ``given``: what it is told of each image besides, [B, K].
    """
    whole = len(x) // size * size
    return per_image(at_least_float32(discriminator(*(packed(one[:whole], size) for one in (x, *given)))))
