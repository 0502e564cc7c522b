"""How much of an image is fine and how much is coarse: its power by spatial frequency, a mean over directions.

Power spectra of natural images fall like 1 / f^2 (van der Schaaf and van Hateren, 1996); what a blurred generator lacks is
the end of the curve. By the discrete Fourier transform of each channel, its mean taken away, under a Hann window, so that
the jump from one side of an image to the other is no edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

HIGH = 0.25  # cycles a pixel: what lies above counts as fine; the finest there is has 1/2


@dataclass(frozen=True)
class Spectrum:
    """Power of images by frequency.

    Args:
        frequency: the middle of each band in cycles a pixel, [K], from above 0 to 1/2.
        power: mean over images, channels and directions, [K] float64.
        total: power of each image in all its frequencies together, [N].
        fine: of this what lies above ``HIGH``, [N].
    """

    frequency: Tensor
    power: Tensor
    total: Tensor
    fine: Tensor

    @property
    def fine_share(self) -> float:
        """The share of the power above ``HIGH`` cycles a pixel, in all images together."""
        return float(self.fine.sum() / self.total.sum())


def spectrum(images: Tensor) -> Spectrum:
    """Of images [N, C, H, W] in [0, 1]. Parseval: without a window, all powers sum to the variance of the pixels."""
    power, radius = power_of(images)
    bands = band_of(radius, min(images.shape[-2:]))
    count = int(bands.max()) + 1
    each = power.mean((0, 1)).flatten()  # [H W]
    members = torch.bincount(bands.flatten(), minlength=count)
    inside = torch.zeros(count, dtype=torch.float64).index_add_(0, bands.flatten().clamp_min(0), each)
    mean = inside / members.clamp_min(1)
    middle = torch.arange(count, dtype=torch.float64) / min(images.shape[-2:])
    shown = (middle > 0) & (middle <= 0.5)
    sums = power.sum((1, 2, 3)), (power * (radius > HIGH)).sum((1, 2, 3))
    return Spectrum(middle[shown], mean[shown], *sums)


def power_of(images: Tensor, windowed: bool = True) -> tuple[Tensor, Tensor]:
    """|DFT|^2 / (H W)^2 of each channel, [N, C, H, W] float64, and the frequency of each of its places, [H, W]."""
    x = images.double()
    high, wide = x.shape[-2:]
    x = x - x.mean((-2, -1), keepdim=True)
    if windowed:
        rows, columns = (torch.hann_window(n, periodic=False, dtype=torch.float64) for n in (high, wide))
        window = torch.outer(rows, columns)
        x = x * window / window.square().mean().sqrt()
    power = torch.fft.fft2(x).abs().square() / (high * wide) ** 2
    across, down = (torch.fft.fftfreq(n, dtype=torch.float64) for n in (wide, high))
    return power, (down[:, None].square() + across.square()).sqrt()


def band_of(radius: Tensor, side: int) -> Tensor:
    """The number of the band of each place: as wide as the lowest frequency, 1 / side. int64, as ``radius``."""
    return (radius * side).round().long()


def edge_strength(images: Tensor) -> float:
    """Mean length of the gradient between neighbouring pixels: what sharpness looks like to the eye. [N, C, H, W]."""
    x = images.double()
    down = x[..., 1:, :-1] - x[..., :-1, :-1]
    across = x[..., :-1, 1:] - x[..., :-1, :-1]
    return float((down.square() + across.square()).sqrt().mean())
