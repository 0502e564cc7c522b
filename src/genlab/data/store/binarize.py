"""Black and white images from grey ones, on the device, every pixel a pure function of its key.

``dynamic`` and ``static`` draw a pixel of grey level k / 255 white with that probability (Salakhutdinov and Murray, 2008);
``threshold`` makes it white above 1/2. A dynamic draw is keyed by (seed, epoch, index, pixel) in training. Every other
draw is keyed by (index, pixel) alone: whatever the seed of a run, all runs are measured on the same images.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import BINARIZED, Split
from genlab.data.store.source import PreparedData
from genlab.random import state_of, stream

FRESH, FIXED = 4, 5  # the purposes that keyed numbers are drawn for; flips and crops have 1 to 3
HALF_BITS = 23  # so many that 255 times such a number fits into 32 bits
WHITE = 255
AT_ONCE = 256  # images that a digest draws together


def binarisation(how: str) -> str:
    """What an evaluation measures: a set trained dynamically and one trained statically are measured on the same images."""
    return {"": "none", "stored": "none", "threshold": "at 1/2"}.get(how, "drawn once, by index, for all runs")


def binarized(image: Tensor, index: Tensor, how: str, key: tuple[int, int] | None = None) -> Tensor:
    """Images with every pixel 0 or 255. uint8 [B, C, H, W], int64 [B] -> uint8 [B, C, H, W].

    Args:
        how: ``dynamic``, ``static`` or ``threshold``; or ``stored``: they are black and white already.
        key: (seed, epoch) of a training batch; None outside training.
    """
    if how == "stored":
        return image
    if how == "threshold":
        return (image > WHITE // 2).to(torch.uint8).mul_(WHITE)
    fresh = how == "dynamic" and key is not None
    state = state_of(index, *key, FRESH) if fresh and key else state_of(index, 0, 0, FIXED)
    return (levels(state, image[0].numel()).reshape(image.shape) < image).to(torch.uint8).mul_(WHITE)


def as_evaluated(prepared: PreparedData, image: Tensor, index: Tensor) -> Tensor:
    """Images of a set as a model sees them outside training. uint8 [B, C, H, W], int64 [B] -> uint8 [B, C, H, W]."""
    how = prepared.spec.binarized
    return binarized(image, index, how) if how else image


def levels(state: Tensor, count: int) -> Tensor:
    """Uniform integers in 0 … 254, two from each number of an image's stream. [B] -> int32 [B, count]."""
    halves = stream(state, torch.arange(1, count // 2 + 2, device=state.device)).view(torch.int32)  # lower half first
    return halves.bitwise_and_((1 << HALF_BITS) - 1).mul_(WHITE).bitwise_right_shift_(HALF_BITS)[:, :count]


def binarized_digest(prepared: PreparedData, split: Split) -> str:
    """SHA-256 of a split's images as every evaluation sees them: bytes 0 and 1, in order. They must be black and white."""
    images, found = prepared.images[split], hashlib.sha256()
    for start in range(0, len(images), AT_ONCE):
        batch = torch.from_numpy(np.array(images[start : start + AT_ONCE]))
        seen = as_evaluated(prepared, batch, torch.arange(start, start + len(batch)))
        found.update((seen // WHITE).numpy().tobytes())
    return found.hexdigest()


def binarized_note(prepared: PreparedData, split: Split) -> str:
    """Which images of a split are measured, in one line: how they were binarised, and their digest."""
    digest = binarized_digest(prepared, split)
    how = prepared.spec.binarized
    said = BINARIZED[how] if how == "stored" else binarisation(how)
    return f"{split} images: {said}, SHA-256 of their bytes 0 and 1: {digest}"
