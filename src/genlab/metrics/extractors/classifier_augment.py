"""Resizing for the small classifiers, and the random augmentation that they are trained with."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ZOOM = (0.65, 1.1)  # sides of the part that is seen, as a share of the image's
SQUEEZE = 0.15  # natural logarithm of how much one side is stretched against the other
TURN = 0.15  # radians
COLOUR = 0.3  # saturation and contrast by up to this factor, brightness and tint by a third and an eighth of it


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Images resized to ``size`` (H, W) with antialiasing; unchanged if they have that size. [B, C, H, W] twice."""
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)


def between(count: int, low: float, high: float, *more: int) -> Tensor:
    """Uniform numbers in [low, high), [count, *more], from torch's global random state."""
    return torch.empty(count, *more).uniform_(low, high)


def augment(x: Tensor) -> Tensor:
    """Random crop, flip and colour jitter of each image, from torch's global random state. [B, C, H, W] in about [0, 1]."""
    return jitter_colour(shift(x))


def shift(x: Tensor) -> Tensor:
    """Random crop, rotation, stretch and flip of each image, with reflection padding. [B, C, H, W] twice."""
    count = len(x)
    zoom, squeeze = between(count, *ZOOM), between(count, -SQUEEZE, SQUEEZE).exp()
    wide, high = zoom * squeeze, zoom / squeeze
    turn, mirror = between(count, -TURN, TURN), torch.randint(0, 2, (count,)) * 2.0 - 1
    right, down = (between(count, -1, 1) * (1 - side).clamp_min(0) for side in (wide, high))
    rows = [
        torch.stack([wide * turn.cos() * mirror, -high * turn.sin(), right], 1),
        torch.stack([wide * turn.sin() * mirror, high * turn.cos(), down], 1),
    ]
    places = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, places, padding_mode="reflection", align_corners=False)


def jitter_colour(x: Tensor) -> Tensor:
    """Random changes of each image's saturation, contrast, brightness and tint. [B, C, H, W] twice."""
    count, channels = x.shape[:2]
    grey, mean = x.mean(1, keepdim=True), x.mean((1, 2, 3), keepdim=True)
    saturation, contrast = (1 + between(count, -COLOUR, COLOUR, 1, 1, 1) for _ in range(2))
    brightness = between(count, -COLOUR / 3, COLOUR / 3, 1, 1, 1)
    tint = between(count, -COLOUR / 8, COLOUR / 8, channels, 1, 1)
    return ((x - grey) * saturation + grey - mean) * contrast + mean + brightness + tint
