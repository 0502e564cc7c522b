"""Reconstruction metrics of each image, on pixels in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure


def mse(x: Tensor, y: Tensor) -> Tensor:
    """Mean squared error. [B, C, H, W] twice -> [B]."""
    return (x - y).square().flatten(1).mean(1)


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, of each image. [B, C, H, W] twice -> [B]; at most 100 (equal images)."""
    return -10 * mse(x, y).clamp_min(1e-10).log10()


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity, [B, C, H, W] twice -> [B]. Wang et al., 2004.

    A Gaussian window of 11 (sigma 1.5); for sides below 11, a uniform window of the largest odd size that fits.
    Borders are reflected, so that every pixel counts.
    """
    side = min(x.shape[-2:])
    window = {"sigma": 1.5} if side >= 11 else {"gaussian_kernel": False, "kernel_size": side - 1 + side % 2}
    value = structural_similarity_index_measure(x, y, data_range=1.0, reduction="none", **window)
    assert isinstance(value, Tensor)
    return value


def reconstruction_terms(x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """mse, psnr and ssim of each image. [B, C, H, W] twice -> [B] each."""
    with torch.no_grad():
        return {"mse": mse(x, y), "psnr": psnr(x, y), "ssim": ssim(x, y)}


def translation_terms(x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """psnr and ssim of each translation against its target. [B, C, H, W] twice -> [B] each."""
    with torch.no_grad():
        return {"psnr": psnr(x, y), "ssim": ssim(x, y)}
