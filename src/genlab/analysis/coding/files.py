"""JPEG and PNG of images: bits and PSNR at every quality, and at the PSNR of something else."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from genlab.images import from_uint8
from genlab.metrics.reconstruction import psnr

QUALITIES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95)
LEVELS = (2, 3, 4, 6, 8, 16, 32, 64, 128, 256)  # of a channel, in a PNG of less than all
EXACT = 60.0  # dB that an exact copy counts as
PACKED = {2: 1, 3: 2, 4: 2, 6: 4, 8: 4, 16: 4}  # bits of a grey pixel


@dataclass(frozen=True)
class Point:
    """One setting of a codec, the mean over images: bits of a pixel, without what every file has and with it; PSNR in dB.

    ``bits`` is what the pixels take: of JPEG the coded data, as if the tables were known; of PNG its IDAT. A pixel is a
    place, of one channel or three. An exact copy counts as ``EXACT`` dB.
    """

    codec: str
    setting: float
    bits: float
    file_bits: float
    psnr: float


def jpeg(image: np.ndarray, quality: int) -> bytes:
    """The file of uint8 [H, W] or [H, W, 3], with the usual tables: those made for one image cost more than they save."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def png(image: np.ndarray, levels: int) -> bytes:
    """The file of an image of so many levels a channel; grey ones in 1, 2 or 4 bits where these do."""
    file, bits = io.BytesIO(), PACKED.get(levels) if image.ndim == 2 else None
    if bits is None:
        Image.fromarray(image).save(file, "PNG", optimize=True)
        return file.getvalue()
    places = np.rint(image.astype(float) * (levels - 1) / 255).astype(np.uint8)
    paletted = Image.fromarray(places, "P")
    paletted.putpalette([level * 255 // (levels - 1) for level in range(levels) for _ in range(3)])
    paletted.save(file, "PNG", optimize=True, bits=bits)
    return file.getvalue()


def jpeg_data(file: bytes) -> int:
    """Bytes of the coded data: after the head of the scan, before the end of the image."""
    start = file.index(b"\xff\xda")
    return len(file) - start - 2 - int.from_bytes(file[start + 2 : start + 4], "big") - 2


def png_data(file: bytes) -> int:
    """Bytes of the IDAT chunks."""
    place, found = 8, 0
    while place < len(file):
        size = int.from_bytes(file[place : place + 4], "big")
        found += size if file[place + 4 : place + 8] == b"IDAT" else 0
        place += size + 12
    return found


def plain(x: Tensor) -> list[np.ndarray]:
    """uint8 [B, C, H, W], C = 1 or 3 -> [H, W] or [H, W, 3] each."""
    return [one[0] if len(one) == 1 else one.transpose(1, 2, 0).copy() for one in x.cpu().numpy()]


def read(files: list[bytes], mode: str) -> Tensor:
    """The images in files, in [0, 1]: [B, C, H, W]."""
    images = [np.asarray(Image.open(io.BytesIO(file)).convert(mode)) for file in files]
    stacked = torch.from_numpy(np.stack(images))
    return from_uint8(stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2))


def points(x: Tensor) -> Iterator[Point]:
    """Every setting of both formats, of images uint8 [B, C, H, W]."""
    images, truth, mode = plain(x), from_uint8(x.cpu()), "L" if x.shape[1] == 1 else "RGB"
    for quality in QUALITIES:
        files = [jpeg(image, quality) for image in images]
        yield point("JPEG", quality, truth, read(files, mode), [jpeg_data(one) for one in files], files)
    for levels in LEVELS:
        fewer = [np.rint(np.rint(one / 255 * (levels - 1)) * 255 / (levels - 1)).astype(np.uint8) for one in images]
        files = [png(one, levels) for one in fewer]
        yield point("PNG", levels, truth, read(files, mode), [png_data(one) for one in files], files)


def point(codec: str, setting: float, truth: Tensor, again: Tensor, data: list[int], files: list[bytes]) -> Point:
    """The means over the images."""
    pixels = truth.shape[-2] * truth.shape[-1]
    whole = sum(len(one) for one in files)
    bits, file_bits = (8 * total / len(files) / pixels for total in (sum(data), whole))
    return Point(codec, setting, bits, file_bits, float(psnr(truth, again).clamp(max=EXACT).mean()))


def bits_at(found: list[Point], decibels: float) -> tuple[float, bool]:
    """The bits of a pixel at which a codec reaches a PSNR, between its settings in a straight line; and whether it goes so low.

    A PSNR below its lowest costs what that costs.
    """
    best = front(found)
    x, y = [one.psnr for one in best], [one.bits for one in best]
    return float(np.interp(decibels, x, y)), x[0] <= decibels <= x[-1]


def front(found: Iterable[Point]) -> list[Point]:
    """The settings in the order of their bits, without those that cost more and show less than another."""
    best: list[Point] = []
    for one in sorted(found, key=lambda one: (one.bits, -one.psnr)):
        best += [one] if not best or one.psnr > best[-1].psnr else []
    return best
