"""Pictures: ranges, grids, scatters, and files. Outside a model an image is float32 in [0, 1], [C, H, W] or [B, C, H, W]."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from genlab.files import temporary


def signed(x: Tensor) -> Tensor:
    """[0, 1] to [-1, 1]: the door into a network that ends in tanh."""
    return x * 2 - 1


def unsigned(x: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]: the door out of a network that ends in tanh."""
    return (x + 1) / 2


def to_uint8(x: Tensor) -> Tensor:
    """[0, 1] to 0 ... 255 by rounding (truncation would darken a quarter of the grey levels by one)."""
    return (x.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)


def from_uint8(x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """0 ... 255 to [0, 1], where ``x`` lies."""
    return x.to(dtype) / 255


def rounded(x: Tensor) -> Tensor:
    """The image as a file would give it back: float in [0, 1] on the 256 grey levels."""
    return from_uint8(to_uint8(x))


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


Colour = tuple[float, float, float]
GREY, ORANGE = (0.62, 0.64, 0.68), (0.86, 0.30, 0.10)
SPOT = 1.6  # standard deviation of a point, in pixels


def scatter(layers: list[tuple[Tensor, Colour]], box: Tensor, side: int = 600) -> Tensor:
    """Points in the plane, layer over layer, on white with lines at round numbers. -> [3, side, side].

    Args:
        layers: points [N, 2] and their colour; a spot that many points share is stronger than that of one.
        box: the least and the largest x and y that are shown, [2, 2]; points outside are left out.
    """
    page = torch.ones(3, side, side)
    for axis in (0, 1):
        for value in round_numbers(*box[:, axis].tolist()):
            place = int((value - box[0, axis]) / (box[1, axis] - box[0, axis]) * (side - 1))
            page.select(2 - axis, place if axis == 0 else side - 1 - place).fill_(0.8 if value == 0 else 0.93)
    for points, colour in layers:
        ink = spots(points.detach().float().cpu(), box, side)
        page = page + ink * (torch.tensor(colour)[:, None, None] - page)
    return page


def spots(points: Tensor, box: Tensor, side: int) -> Tensor:
    """How much of each pixel the points cover, in [0, 1): [N, 2] -> [side, side]; y goes upwards."""
    inside = points[((points >= box[0]) & (points <= box[1])).all(1)]
    x, y = ((inside - box[0]) / (box[1] - box[0]) * (side - 1)).round().long().unbind(1)
    counts = torch.zeros(side, side).index_put_((side - 1 - y, x), torch.ones(len(inside)), accumulate=True)
    reach = math.ceil(3 * SPOT)
    bell = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * SPOT**2))
    across = torch.nn.functional.conv2d(counts[None, None], bell[None, None, None], padding=(0, reach))
    spread = torch.nn.functional.conv2d(across, bell[None, None, :, None], padding=(reach, 0))[0, 0]
    return 1 - torch.exp(-1.2 * spread)


def round_numbers(low: float, high: float) -> list[float]:
    """Four to ten multiples of a step 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = max(s * power for s in (1, 2, 5) if s * power <= (high - low) / 4)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def box_around(points: Tensor, margin: float = 0.15) -> Tensor:
    """The square that holds all points [N, 2] with a margin, as the least and the largest x and y: [2, 2]."""
    low, high = points.amin(0), points.amax(0)
    middle, half = (low + high) / 2, (high - low).max() / 2 * (1 + 2 * margin)
    return torch.stack([middle - half, middle + half])


def beside_real(points: Tensor, real: Tensor) -> Tensor:
    """Generated points in colour over real ones in grey, on the real ones' axes. [N, 2], [M, 2] -> [3, H, W]."""
    return scatter([(real, GREY), (points, ORANGE)], box_around(real))


def save_png(image: Tensor, path: Path) -> Path:
    """Write [C, H, W] in [0, 1] (C = 1 or 3) as an 8-bit PNG: whole or not at all."""
    from PIL import Image

    array = to_uint8(image).cpu().permute(1, 2, 0).numpy()  # [H, W, C]
    picture = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary(path) as part:
        picture.save(part, format="PNG")
    return path
