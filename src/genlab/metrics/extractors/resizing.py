"""How images reach the size of a published network: rules that give different numbers, each under its name.

Levels are floats from 0 to 255. ``antialiased`` is torchmetrics' since 1.8, ``tf`` the original's and torch-fidelity's,
``clean`` clean-fid's (Parmar et al. 2022, arXiv 2104.11222). DINOv2 and CLIP have one rule: Pillow's bicubic on bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.compat import ensure_torchvision
from genlab.config.types import ResizeRule


def antialiased(x: Tensor, side: int) -> Tensor:
    """Bilinear with antialiasing. [B, C, H, W] -> [B, C, side, side]."""
    return F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)


def tensorflow(x: Tensor, side: int) -> Tensor:
    """Bilinear as TensorFlow 1: aligned at the top left corner, no antialiasing. [B, C, H, W] -> [B, C, side, side]."""
    ensure_torchvision()
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    resized: Tensor = interpolate_bilinear_2d_like_tensorflow1x(x, (side, side), align_corners=False)
    return resized


def clean(x: Tensor, side: int) -> Tensor:
    """Pillow's bicubic on floats, clipped but not rounded. [B, C, H, W] -> [B, C, side, side].

    torch's has Pillow's kernel and antialiasing, and stays on the device.
    """
    return F.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(0, 255)


RULES: dict[ResizeRule, Callable[[Tensor, int], Tensor]] = {
    "antialiased": antialiased,
    "tf": tensorflow,
    "clean": clean,
}


def pillow_bicubic(x: Tensor, side: int) -> Tensor:
    """Pillow's bicubic on bytes, as for photographs that are given to DINOv2 or CLIP. [B, 3, H, W] uint8 -> uint8.

    Through Pillow itself, on the CPU: torch's own differs from it by a few levels.
    """
    from PIL import Image

    pictures = (Image.fromarray(image) for image in x.permute(0, 2, 3, 1).cpu().numpy())
    resized = np.stack([np.asarray(one.resize((side, side), Image.Resampling.BICUBIC)) for one in pictures])
    return torch.from_numpy(resized).permute(0, 3, 1, 2).to(x.device)
