"""Images of any size for networks that double a map of 4x4: what does not fill the square is cropped or padded.

28x28 digits use the networks for 32x32.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import pad

from genlab.config import channel_growth
from genlab.contracts import ConfigError, Problem

BLACK = -1.0  # of images in [-1, 1]


def require_images(shape: tuple[int, ...], name: str) -> None:
    """Refuse points. ``name``: of the network family.

    Raises:
        ConfigError: ``shape`` is not (C, H, W).
    """
    if len(shape) != 3:
        what = f"{name} is made for images [C, H, W], and the set has {list(shape)}"
        raise ConfigError([Problem("model.net", what, "Type: model/gan_net@model.net=mlp")])


def doublings(shape: tuple[int, ...]) -> int:
    """How often 4 must double to cover the image: 4 for 64 px, 3 for 28 or 32 px, at least 1."""
    return channel_growth.doublings(max(shape[1:]))


def frame(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The pixels on the left, right, above and below an image that fill its square."""
    side = 4 * 2 ** doublings(shape)
    down, right = side - shape[1], side - shape[2]
    return right // 2, right - right // 2, down // 2, down - down // 2


def framed(x: Tensor, pixels: tuple[int, int, int, int]) -> Tensor:
    """The image in the middle of black. [B, C, H, W] -> [B, C, above + H + below, left + W + right]."""
    return pad(x, pixels, value=BLACK) if any(pixels) else x


def cropped(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of the image. [B, C, H', W'] -> [B, C, height, width]."""
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]
