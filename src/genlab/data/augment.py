"""Augmentation of whole batches on the device, each image's fate a pure function of (seed, epoch, index)."""

from __future__ import annotations

import torch
from torch import Tensor

# the constants of splitmix64 (Steele, Lea and Flood, 2014), as signed 64-bit numbers
GOLDEN, MIX_1, MIX_2 = -7046029254386353131, -4658895280553007687, -7723592293110705685


def shifted(x: Tensor, bits: int) -> Tensor:
    """A logical shift to the right of int64 numbers."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def scrambled(x: Tensor) -> Tensor:
    """splitmix64's finaliser: int64 to int64, every bit depends on every bit."""
    x = (x ^ shifted(x, 30)) * MIX_1
    x = (x ^ shifted(x, 27)) * MIX_2
    return x ^ shifted(x, 31)


def uniform(index: Tensor, seed: int, epoch: int, purpose: int) -> Tensor:
    """One number in [0, 1) for each image: index int64 [B] -> float32 [B], the same on every device."""
    state = scrambled(torch.full_like(index, seed) * GOLDEN + epoch)
    state = scrambled(state * GOLDEN + purpose)
    return shifted(scrambled(state + index * GOLDEN), 40).float() / (1 << 24)


def random_flip(image: Tensor, index: Tensor, seed: int, epoch: int) -> Tensor:
    """Mirror half of the images left to right. [B, C, H, W] -> [B, C, H, W]."""
    flip = uniform(index, seed, epoch, purpose=1) < 0.5
    return torch.where(flip[:, None, None, None], image.flip(-1), image)
