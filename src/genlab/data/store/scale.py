"""From stored numbers to images in [0, 1] and back: bytes by 255, others by what is black and white in their row."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from genlab.contracts import Scale


def unit(x: Tensor, scale: Scale, dtype: torch.dtype = torch.float32) -> Tensor:
    """Stored images as floats in [0, 1], on their device; numbers beyond black and white are cut off. [B, C, H, W] twice.

    ``scale``: black and white of each row; empty: bytes.
    """
    if not scale:
        return x.to(dtype).div_(255)
    black, span = black_and_span(scale, dtype, x.device)
    return x.to(dtype).sub(black).div_(span).clamp_(0, 1)


def stored(x: Tensor, scale: Scale) -> Tensor:
    """The inverse of ``unit`` for rows with a scale: from [0, 1] to numbers between black and white. [B, C, H, W] twice."""
    black, span = black_and_span(scale, x.dtype, x.device)
    return x * span + black


@lru_cache(maxsize=16)
def black_and_span(scale: Scale, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Black, and how far white is from it, [H, 1] each: once on every device, since a step must not wait for a copy."""
    black, white = torch.tensor(scale, dtype=torch.float64).unbind(1)
    return black[:, None].to(device, dtype), (white - black)[:, None].to(device, dtype)
