"""Losses are computed in float32 at least, whatever precision the networks ran in."""

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """bfloat16 and float16 become float32; float32 and float64 stay."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def per_image(values: Tensor) -> Tensor:
    """The mean over all values of an image. [B, ...] -> [B]; of no images, none."""
    return values if values.ndim == 1 else values.flatten(1).mean(1)
