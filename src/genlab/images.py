"""Image ranges, grids and PNG files. Outside a model, images are float32 in [0, 1], [C, H, W] or [B, C, H, W]."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlab.contracts import DataError
from genlab.files import temporary

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 96  # pixels, to which a small image with a caption is enlarged, by a whole factor


def signed(x: Tensor) -> Tensor:
    """[0, 1] to [-1, 1], the input range of networks that end in tanh."""
    return x * 2 - 1


def unsigned(x: Tensor) -> Tensor:
    """[-1, 1], the output range of tanh, to [0, 1]."""
    return (x + 1) / 2


def to_uint8(x: Tensor) -> Tensor:
    """[0, 1] to 0 ... 255 by rounding (truncation would darken a quarter of the grey levels by one)."""
    return (x.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)


def from_uint8(x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """0 ... 255 to [0, 1], on the device of ``x``."""
    return x.to(dtype) / 255


def rounded(x: Tensor) -> Tensor:
    """Quantise to 256 levels, as saving and loading would: float in [0, 1]."""
    return from_uint8(to_uint8(x))


def widened(x: Tensor, channels: int) -> Tensor:
    """Grey images [B, 1, H, W] repeated to ``channels``; colour ones as they are."""
    return x.expand(-1, max(channels, x.shape[1]), -1, -1)


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
    """Enlarge [C, H, W] by a whole factor (nearest neighbour) until its longer side has ``at_least`` pixels."""
    times = max(1, math.ceil(at_least / max(image.shape[-2:])))
    return image.repeat_interleave(times, -2).repeat_interleave(times, -1)


def sheet(images: Tensor, columns: int | None = None, captions: Sequence[object] | None = None) -> Image:
    """``from genlab import sheet``: images in rows, as a picture that a notebook shows. [B, C, H, W] in [0, 1].

    >>> sheet(model.sample(64)).save("samples.png")  # doctest: +SKIP

    Args:
        columns: images in a row; None: as square as possible.
        captions: what stands below each image, one for each; None: nothing does.

    Raises:
        DataError: these are no grey or colour images, or there are more or fewer captions than images.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise DataError(f"a sheet is of images [B, C, H, W] with 1 or 3 channels, not {list(images.shape)}")
    columns = columns or math.ceil(math.sqrt(len(images)))
    if captions is None:
        return as_picture(enlarged(grid(images.detach().float().cpu(), columns)))
    if len(captions) != len(images):
        raise DataError(f"{len(captions)} captions for {len(images)} images: give one for each")
    return captioned(images, columns, [str(words) for words in captions])


def captioned(images: Tensor, columns: int, captions: list[str]) -> Image:
    """The sheet of images that have words below them."""
    from PIL import Image

    from genlab.figures import HEAD, LINE, Block, page, pixels

    shown = to_uint8(widened(images, 3)).permute(0, 2, 3, 1).cpu().numpy()  # [B, H, W, 3]
    block = Block("", list(zip(shown, captions, strict=True)), columns, max(SIDE, images.shape[-1]))
    return Image.fromarray(pixels(page("", [block]))[HEAD + LINE :])  # without the room for a title and a heading


def as_picture(image: Tensor) -> Image:
    """[C, H, W] in [0, 1] (C = 1 or 3) as an 8-bit picture of Pillow."""
    from PIL import Image

    array = to_uint8(image).cpu().permute(1, 2, 0).numpy()  # [H, W, C]
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def beside_real(points: Tensor, real: Tensor, side: int = 600) -> Tensor:
    """Plot generated points [N, D] in colour over real ones [M, D] in grey; axes fit the real ones. [3, side, side].

    In the plane as dots, on a line as histograms.
    """
    from genlab.figures import GREY, ORANGE, figure, histograms, pixels, scatter

    made, known = figure(side, side), real.detach().float().cpu().numpy()
    layers = [(known, GREY), (points.detach().float().cpu().numpy(), ORANGE)]
    draw = histograms if known.shape[1] == 1 else scatter
    draw(made.add_axes((0.08, 0.06, 0.9, 0.92)), layers, known)
    return from_uint8(torch.from_numpy(pixels(made))).permute(2, 0, 1)


def save_png(image: Tensor, path: Path) -> Path:
    """Write [C, H, W] in [0, 1] (C = 1 or 3) as an 8-bit PNG, atomically."""
    picture = as_picture(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary(path) as part:
        picture.save(part, format="PNG")
    return path
