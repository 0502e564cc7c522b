"""Pictures: ranges, grids, and files. Outside a model an image is float32 in [0, 1], [C, H, W] or [B, C, H, W]."""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch
from torch import Tensor


def signed(x: Tensor) -> Tensor:
    """[0, 1] to [-1, 1]: the door into a network that ends in tanh."""
    return x * 2 - 1


def unsigned(x: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]: the door out of a network that ends in tanh."""
    return (x + 1) / 2


def to_uint8(x: Tensor) -> Tensor:
    """[0, 1] to 0 ... 255 by rounding (truncation would darken a quarter of the grey levels by one)."""
    return (x.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)


def rounded(x: Tensor) -> Tensor:
    """The image as a file would give it back: float in [0, 1] on the 256 grey levels."""
    return to_uint8(x).float() / 255


def grid(images: Tensor, columns: int | None = None, gap: int = 2, background: float = 1.0) -> Tensor:
    """[B, C, H, W] laid out in rows of ``columns`` (default: as square as possible) -> [C, H', W']."""
    count, channels, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    page = images.new_full((channels, rows * (height + gap) + gap, columns * (width + gap) + gap), background)
    for i, image in enumerate(images):
        top, left = gap + (i // columns) * (height + gap), gap + (i % columns) * (width + gap)
        page[:, top : top + height, left : left + width] = image
    return page


def enlarged(image: Tensor, at_least: int = 448) -> Tensor:
    """[C, H, W] repeated pixel by pixel until its longer side has ``at_least`` pixels, so that 8x8 digits can be seen."""
    times = max(1, math.ceil(at_least / max(image.shape[-2:])))
    return image.repeat_interleave(times, -2).repeat_interleave(times, -1)


def save_png(image: Tensor, path: Path) -> Path:
    """Write [C, H, W] in [0, 1] (C = 1 or 3) as an 8-bit PNG: whole or not at all."""
    from PIL import Image

    array = to_uint8(image).cpu().permute(1, 2, 0).numpy()  # [H, W, C]
    picture = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    picture.save(part, format="PNG")
    os.replace(part, path)
    return path
