"""Differences of each image from its target, pixel by pixel: squared error, PSNR and SSIM.

They are computed in float64 (on MPS, which has none, in float32) whatever the type of the images and whatever autocast
does elsewhere: in float32 the variances of SSIM, differences of nearly equal numbers, are wrong in the fourth digit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5  # pixels
PIXELS_AT_ONCE = 1 << 22  # SSIM holds a dozen numbers for each


def require_same_shape(x: Tensor, y: Tensor) -> None:
    """Refuse images that differ in shape; grey ones would be repeated for the comparison with colour ones.

    Raises:
        ValueError: with both shapes.
    """
    if x.shape != y.shape:
        raise ValueError(f"images of different shapes: {list(x.shape)} against {list(y.shape)}")


def wide(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Images of one shape, in float64."""
    require_same_shape(x, y)
    kind = torch.float32 if x.device.type == "mps" else torch.float64
    return x.to(kind), y.to(kind)


def mse(x: Tensor, y: Tensor) -> Tensor:
    """Mean squared error. [B, C, H, W] twice -> [B]."""
    x, y = wide(x, y)
    return (x - y).square().flatten(1).mean(1)


def psnr(x: Tensor, y: Tensor, *, data_range: float = 1.0) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, [B, C, H, W] twice -> [B]; at most 100, that of equal images.

    ``data_range``: white less black: 1 for pixels in [0, 1], 2 in [-1, 1], 255 for bytes.
    """
    return -10 * (mse(x, y) / data_range**2).clamp_min(1e-10).log10()


def ssim(x: Tensor, y: Tensor, *, data_range: float = 1.0) -> Tensor:
    """Structural similarity, [B, C, H, W] twice -> [B]: the mean over channels and window positions. Wang et al., 2004.

    A Gaussian window of 11 (sigma 1.5); for sides below 11, a uniform window of the largest odd size that fits. Only
    windows that lie wholly inside the image count, as in the paper: no border is made up. ``data_range`` as in ``psnr``.
    """
    x, y = wide(x, y)
    batch, channels, height, width = x.shape
    weights, together = window(min(height, width)), max(1, PIXELS_AT_ONCE // (height * width))
    planes = zip(x.flatten(0, 1).split(together), y.flatten(0, 1).split(together), strict=True)
    means = [similarity(a, b, weights, data_range) for a, b in planes]
    return torch.cat(means).view(batch, channels).mean(1)


def window(side: int) -> list[float]:
    """The weights along one side of SSIM's window, which sum to 1, for images whose shorter side has ``side`` pixels."""
    if side < WINDOW:
        size = side - 1 + side % 2
        return [1 / size] * size
    bell = [math.exp(-0.5 * ((i - WINDOW // 2) / SIGMA) ** 2) for i in range(WINDOW)]
    return [value / sum(bell) for value in bell]


def local_means(x: Tensor, weights: list[float]) -> Tensor:
    """Weighted means over every window inside the images. [N, H, W] -> [N, H - size + 1, W - size + 1]."""
    for axis in (-2, -1):
        places = x.shape[axis] - len(weights) + 1
        total = x.narrow(axis, 0, places) * weights[0]
        for i, weight in enumerate(weights[1:], 1):
            total.add_(x.narrow(axis, i, places), alpha=weight)
        x = total
    return x


def similarity(x: Tensor, y: Tensor, weights: list[float], data_range: float) -> Tensor:
    """SSIM of single planes, equation 13 of the paper, averaged over all windows. [N, H, W] twice -> [N]."""
    mean_x, mean_y = local_means(x, weights), local_means(y, weights)
    var_x = local_means(x * x, weights) - mean_x * mean_x
    var_y = local_means(y * y, weights) - mean_y * mean_y
    covariance = local_means(x * y, weights) - mean_x * mean_y
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return (luminance * structure).flatten(1).mean(1)


@torch.no_grad()
def reconstruction_terms(x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """mse, psnr and ssim of each image, with pixels in [0, 1]. [B, C, H, W] twice -> [B] each."""
    return {"mse": mse(x, y), "psnr": psnr(x, y), "ssim": ssim(x, y)}


@torch.no_grad()
def restoration_terms(clean: Tensor, corrupted: Tensor, restored: Tensor) -> dict[str, Tensor]:
    """psnr against the clean image, before and after, and what was gained, in dB. [B, C, H, W] three times -> [B] each."""
    before, after = psnr(clean, corrupted), psnr(clean, restored)
    return {"psnr_corrupted": before, "psnr_restored": after, "psnr_gain": after - before}


@torch.no_grad()
def translation_terms(x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """psnr and ssim of each translation against its target, with pixels in [0, 1]. [B, C, H, W] twice -> [B] each."""
    return {"psnr": psnr(x, y), "ssim": ssim(x, y)}
