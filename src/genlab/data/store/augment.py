"""Batch augmentation on the device; a pure function of (seed, epoch, index) for each image."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.random import uniform

FLIP = 1  # the purposes that keyed numbers are drawn for; crops have their own in genlab.data.store.columns


def random_flip(image: Tensor, index: Tensor, seed: int, epoch: int, side: int = 0) -> Tensor:
    """Mirror half of the images left to right. uint8 [B, C, H, W] -> uint8 [B, C, H, W].

    ``side`` tells the two domains of unpaired images apart; the two images of a pair share it, and so their fate.
    """
    flip = uniform(index, seed, epoch, FLIP + 100 * side) < 0.5
    mask = flip.to(torch.uint8).mul_(255)[:, None, None, None]
    mirrored = image.flip(-1)  # torch.where, on bytes, takes five times as long on a CPU as these three
    return mirrored.bitwise_xor_(image).bitwise_and_(mask).bitwise_xor_(image)
