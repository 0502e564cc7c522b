"""One file to one array, as a person sees the picture: upright, whole, in the colours asked for."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from genlab.contracts import DataError

Image.MAX_IMAGE_PIXELS = 100_000_000  # 10,000 x 10,000; anything larger is taken for an attack or a mistake


def mode_of(path: Path) -> str:
    """``L`` for a grey picture, ``RGB`` for everything else; from the header alone."""
    try:
        with Image.open(path) as picture:
            return "L" if picture.mode in ("1", "L", "I", "I;16", "F") else "RGB"
    except OSError:
        return "L"  # unreadable: decode will say so


def decode(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 [C, H, W]: scaled (bicubic, antialiased) until it covers H x W, the centre cut out.

    Raises:
        DataError: the file is no picture, is cut off, or is too large to be one.
    """
    channels, height, width = shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                picture = ImageOps.exif_transpose(opened).convert("L" if channels == 1 else "RGB")
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise DataError(
            f"{path} cannot be read as a picture ({error}). Remove it, or go on without it: data.on_error=skip"
        ) from error
    picture = ImageOps.fit(picture, (width, height), Image.Resampling.BICUBIC)
    array = np.asarray(picture)
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))
