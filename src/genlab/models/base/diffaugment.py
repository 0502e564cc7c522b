"""DiffAugment: Zhao et al., 2020, "Differentiable Augmentation for Data-Efficient GAN Training" (arXiv:2006.10738).

All discriminator inputs, real and fake, are augmented at random in both players' steps by differentiable operations: so
the discriminator cannot memorise a small set, and the augmentations do not leak into the generated images.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from genlab.models.base.noise import Noise

Change = Literal["color", "translation", "cutout"]
SHIFT, HOLE = 1 / 8, 1 / 2  # of a side: how far images move at most; the side of what is cut out


class DiffAugment:
    """Random augmentation by the operations in ``policy``, in its order (section 3.2 and the authors' code).

    Args:
        policy: of ``color``, ``translation``, ``cutout``; empty: no augmentation.
    """

    def __init__(self, policy: list[Change]) -> None:
        self.policy = policy

    def __call__(self, x: Tensor, noise: Noise, purpose: str, images: int = 1) -> Tensor:
        """[B, C, H, W] in [-1, 1] -> the same.

        Args:
            x: ``images`` images concatenated along C, which are augmented alike.
            noise: of the batch.
            purpose: part of the key of the random draws.
            images: number of images concatenated along C.
        """
        for change in self.policy:
            draw = noise.uniform(f"augment_{purpose}_{change}", len(x), 3)
            x = CHANGES[change](x, draw, images)
        return x


def color(x: Tensor, draw: Tensor, images: int) -> Tensor:
    """Brightness + U(-0.5, 0.5), saturation * U(0, 2) around the mean of the channels, contrast * U(0.5, 1.5)."""
    parts = x.unflatten(1, (images, -1))  # [B, images, C, H, W]
    brightness, saturation, contrast = (draw[:, i].to(x).reshape(-1, 1, 1, 1, 1) for i in range(3))
    parts = parts + brightness - 0.5
    grey = parts.mean(2, keepdim=True)
    parts = (parts - grey) * (2 * saturation) + grey
    middle = parts.mean((2, 3, 4), keepdim=True)
    return ((parts - middle) * (contrast + 0.5) + middle).flatten(1, 2)


def translation(x: Tensor, draw: Tensor, images: int) -> Tensor:
    """Shift by up to an eighth of each side, filling with 0."""
    rows, columns = (reached(side, draw[:, i]) for i, side in enumerate(x.shape[-2:]))
    height, width = x.shape[-2:]
    inside = (within(rows, height)[:, :, None] & within(columns, width)[:, None, :])[:, None]
    batch = torch.arange(len(x), device=x.device)[:, None, None]
    moved = x[batch, :, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]]
    return moved.permute(0, 3, 1, 2) * inside


def reached(side: int, draw: Tensor) -> Tensor:
    """Source index of each of ``side`` positions after a random shift, possibly outside the image, [B, side]."""
    reach = int(side * SHIFT + 0.5)
    by = (draw * (2 * reach + 1)).floor().long() - reach
    return torch.arange(side, device=draw.device) + by[:, None]


def within(places: Tensor, side: int) -> Tensor:
    """Whether each index is inside a side, 0 … side-1."""
    return (places >= 0) & (places < side)


def cutout(x: Tensor, draw: Tensor, images: int) -> Tensor:
    """Set a rectangle of half of each side to 0, centred anywhere."""
    rows, columns = (hidden(side, draw[:, i]) for i, side in enumerate(x.shape[-2:]))
    return x * ~(rows[:, None, :, None] & columns[:, None, None, :])


def hidden(side: int, draw: Tensor) -> Tensor:
    """Mask of the positions along a side that the hole covers, bool [B, side]."""
    hole = int(side * HOLE + 0.5)
    start = (draw * (side + 1 - hole % 2)).floor().long() - hole // 2
    places = torch.arange(side, device=draw.device)
    return (places >= start[:, None]) & (places < start[:, None] + hole)


CHANGES = {"color": color, "translation": translation, "cutout": cutout}
