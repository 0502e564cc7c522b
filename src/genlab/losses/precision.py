"""Losses are computed in float32 at least, whatever precision the networks ran in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """bfloat16 and float16 become float32; float32 and float64 stay."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def without_autocast(device: str) -> AbstractContextManager[object]:
    """Context manager in which every operation on the device has the precision of its inputs; cheap outside autocast."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def per_image(values: Tensor) -> Tensor:
    """The mean over all values of an image. [B, ...] -> [B]; of no images, none."""
    return values if values.ndim == 1 else values.flatten(1).mean(1)
