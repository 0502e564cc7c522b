"""Decoding of image files: upright (EXIF), 8 bits, grey or RGB, transparency over white."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from genlab.contracts import DataError

Image.MAX_IMAGE_PIXELS = 100_000_000  # 10,000 x 10,000; anything larger is taken for an attack or a mistake
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".webp": "WEBP",
}
ENDINGS = frozenset(FORMATS)
GREY = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")


class Unreadable(DataError):
    """A file that is not a picture, is truncated, or is too large."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(
            f"{path} cannot be read as a picture ({why}). Remove it, or go on without it: data.on_error=skip"
        )
        self.path, self.why = path, str(why)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the many exceptions that Pillow raises for damaged files into ``Unreadable``, with the file's path."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(path, error) from error


def mode_of(path: Path) -> str:
    """``L`` for a grey picture, ``RGB`` for everything else; from the header alone."""
    try:
        with Image.open(path) as picture:
            return "L" if picture.mode in GREY else "RGB"
    except OSError:
        return "L"  # unreadable: decode will say so


def opened(path: Path, channels: int) -> Image.Image:
    """The picture, rotated by its EXIF orientation, as 8-bit grey (1) or RGB (3).

    16-bit greys are divided by 257 and rounded; transparency is composited over white.

    Raises:
        Unreadable: the file is not a picture, is truncated, or is too large.
    """
    with naming(path), Image.open(path) as file:
        return on_white(eight_bit(ImageOps.exif_transpose(file)), channels)


def on_white(picture: Image.Image, channels: int) -> Image.Image:
    """An 8-bit picture as grey (1) or RGB (3), with transparency composited over white."""
    if is_transparent(picture):
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return picture.convert("L" if channels == 1 else "RGB")


def is_transparent(picture: Image.Image) -> bool:
    """Whether a picture has an alpha channel or a transparent colour."""
    return picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info


def eight_bit(picture: Image.Image) -> Image.Image:
    """Scale grey pictures of 16 bits, or of floats in [0, 1], to ``L``; Pillow's own conversion would clip at 255."""
    if not is_deep(picture):
        return picture
    white = 1 if picture.mode == "F" else 65_535
    return Image.fromarray(np.rint(deep_numbers(picture) * (255 / white)).astype(np.uint8))


def is_deep(picture: Image.Image) -> bool:
    """Whether it is grey with more than 8 bits, which Pillow keeps as integers or floats."""
    return picture.mode.startswith("I") or picture.mode == "F"


def deep_numbers(picture: Image.Image) -> np.ndarray:
    """The values [H, W] of a deep grey picture: floats with white at 1 (mode ``F``), or integers with white at 65,535.

    Raises:
        ValueError: a value is outside the range from 0 to white.
    """
    values = np.asarray(picture)
    if picture.mode == "F" and not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError("its numbers do not lie in [0, 1], so which of them is white cannot be told")
    if picture.mode != "F" and (values.min() < 0 or values.max() > 65_535):
        raise ValueError("its numbers do not fit into 16 bits")
    return values


def array_of(picture: Image.Image) -> np.ndarray:
    """uint8 [C, H, W] of an ``L`` or ``RGB`` picture."""
    array = np.asarray(picture)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def decode(path: Path, shape: tuple[int, ...], crop: int | None = None) -> np.ndarray:
    """Decode, scale (bicubic, antialiased) to cover H x W, and crop the centre. -> uint8 [C, H, W].

    ``crop``: side in original pixels of a central square that is cut out first.

    Raises:
        Unreadable: the file is not a picture, is truncated, or is too large.
    """
    channels, height, width = shape
    picture = opened(path, channels)
    if crop is not None:
        left, top = (picture.width - crop) // 2, (picture.height - crop) // 2
        picture = picture.crop((left, top, left + crop, top + crop))
    with naming(path):
        return array_of(ImageOps.fit(picture, (width, height), Image.Resampling.BICUBIC))
