"""Pictures as the page holds them: WebP, and what was enlarged for the eye made small again."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as ImageClass
    from PIL.ImageFile import ImageFile

QUALITY, EFFORT = 82, 2  # of WebP; more effort takes six times as long for 5 % of the bytes
LARGEST = 16  # times that a picture may have been enlarged
SIDE = 900  # pixels of the longer side of what is shown


@dataclass(frozen=True)
class Packed:
    """A picture: base64 of its WebP, its size in pixels, and whether a pixel of it stands for several."""

    content: str
    width: int
    height: int
    enlarged: bool

    @property
    def uri(self) -> str:
        """The picture as an address."""
        return f"data:image/webp;base64,{self.content}"


def pack(path: Path, side: int = SIDE) -> Packed | None:
    """The picture of a file; None if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(on_white(image))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    times = factor(pixels)
    small = Image.fromarray(pixels[::times, ::times])
    if max(small.size) > side:
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.convert("RGB").save(content, format="webp", quality=QUALITY, method=EFFORT)
    return Packed(base64.b64encode(content.getvalue()).decode(), *small.size, times > 1)


def on_white(image: ImageFile) -> ImageClass:
    """Grey or colour, where it is transparent on white."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "P"):
        clear = image.convert("RGBA")
        page = Image.new("RGBA", clear.size, "white")
        page.alpha_composite(clear)
        return page.convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def factor(pixels: np.ndarray) -> int:
    """How many times a picture [H, W] or [H, W, C] was enlarged by repeating its pixels; 1: it was not."""
    high, wide = pixels.shape[:2]
    for times in range(LARGEST, 1, -1):
        if high % times == 0 and wide % times == 0:
            small = pixels[::times, ::times]
            if np.array_equal(small.repeat(times, 0).repeat(times, 1), pixels):
                return times
    return 1
