"""Reads a picture file of any kind: upright, with its depth, or as 8-bit grey or RGB over white."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from genlab.config.types import Resample
from genlab.contracts import Unreadable
from genlab.data.files.formats import BY_PILLOW, is_deep_png, is_tiff, start_of
from genlab.data.files.pixels import LYING, Pixels, Range, upright
from genlab.data.files.tiff import CMYK, PAGES, header_of_tiff, read_tiff, require_size

Image.MAX_IMAGE_PIXELS = None  # ``require_size`` refuses what is too large, with a key to type
ORIENTATION = 0x0112  # EXIF's tag
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")
TRANSPARENT = ("LA", "PA", "RGBA", "La", "RGBa")
SRGB = (b"sRGB", b"s\0R\0G\0B")  # how a profile's description begins, in either of its encodings
PROFILE = "a colour profile other than sRGB: the numbers are taken as they are"
CUT = "more than 8 bits in a format of which 8 are read"


@dataclass(frozen=True)
class Reading:
    """How files become pictures.

    Args:
        channels: 1 grey, 3 colour.
        range: the numbers that are black and white in files of more than 8 bits; None: by the file's format.
        max_pixels: files with more pixels are refused; None: none are.
        resample: how they are scaled; bicubic is antialiased.
    """

    channels: int
    range: Range | None = None
    max_pixels: int | None = None
    resample: Resample = "bicubic"

    @property
    def filter(self) -> Image.Resampling:
        """Pillow's name of ``resample``."""
        return Image.Resampling[self.resample.upper()]


@dataclass(frozen=True)
class Header:
    """What a file says of itself: (width, height), upright, and Pillow's mode or the nearest to it."""

    size: tuple[int, int]
    mode: str

    @property
    def grey(self) -> bool:
        """Whether the picture has no colour."""
        return self.mode in GREY


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the many exceptions that are raised for damaged files into ``Unreadable``, with the file's path."""
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(path, error.strerror or error) from error
    except Exception as error:
        raise Unreadable(path, error) from error


def header(path: Path) -> Header:
    """Size and mode, without decoding.

    Raises:
        Unreadable: the file is not a picture, or may not be read.
    """
    with naming(path):
        if is_tiff(start_of(path)):
            return Header(*header_of_tiff(path))
        with Image.open(path, formats=BY_PILLOW) as file:
            lying = Image.Image.getexif(file).get(ORIENTATION) in LYING  # a PNG's own would decode it
            return Header(file.size[::-1] if lying else file.size, file.mode)


def read(path: Path, max_pixels: int | None = None) -> Pixels:
    """A file's content, upright.

    Raises:
        Unreadable: the file is not a picture, is truncated, is too large, or cannot be read without loss of sense.
    """
    with naming(path):
        start = start_of(path)
        if is_tiff(start):
            return with_profile(read_tiff(path, max_pixels))
        with Image.open(path, formats=BY_PILLOW) as file:
            require_size(*file.size, max_pixels)
            said, keep = tuple(notes(file)), {name: file.info.get(name) for name in ("icc_profile", "dpi")}
            numbers, alpha, full = deep_png(path) if is_deep_png(start) else by_pillow(file)
            turn = file.getexif().get(ORIENTATION, 1)
            turned = upright(numbers, turn), None if alpha is None else upright(alpha, turn)
            return with_profile(Pixels(*turned, full, said, keep))


def by_pillow(file: Image.Image) -> tuple[np.ndarray, np.ndarray | None, Range]:
    """Colours, opacity and range of an opened file.

    Raises:
        ValueError: a colour model that is not read.
    """
    if file.mode.startswith("I"):
        return np.asarray(file).astype(np.uint16)[..., None], None, (0, 65_535)
    if file.mode in ("LAB", "HSV", "F"):
        raise ValueError(f"its colour model is {file.mode}, which is not read here")
    kind = "L" if file.mode in GREY else "RGB"
    if file.mode in TRANSPARENT or "transparency" in file.info:
        both = np.asarray(file.convert(f"{kind}A"))
        return both[..., :-1], both[..., -1].astype(np.float32) / 255, (0, 255)
    return np.asarray(file.convert(kind)).reshape(file.height, file.width, -1), None, (0, 255)


def deep_png(path: Path) -> tuple[np.ndarray, np.ndarray | None, Range]:
    """Colours, opacity and range of a PNG with 16 bits, of which Pillow would read 8."""
    from imagecodecs import png_decode

    numbers = png_decode(path.read_bytes())
    numbers = numbers.reshape(*numbers.shape[:2], -1)
    if numbers.shape[-1] in (1, 3):
        return numbers, None, (0, 65_535)
    return numbers[..., :-1], numbers[..., -1].astype(np.float32) / 65_535, (0, 65_535)


def notes(file: Any) -> Iterator[str]:
    """What is not used of a file that Pillow has opened and not yet decoded."""
    if file.mode == "CMYK":
        yield CMYK
    if getattr(file, "n_frames", 1) > 1 and file.format != "MPO":  # of a phone's picture the others are previews
        yield PAGES
    if (file.format == "PPM" and file.mode == "RGB" and deep_ppm(file)) or (file.format == "AVIF" and deep_avif(file)):
        yield f"{file.format}: {CUT}"


def deep_ppm(file: Any) -> bool:
    """Whether the largest number of a PPM is above 255."""
    arguments = file.tile[0].args if file.tile else ()
    return isinstance(arguments, tuple) and len(arguments) > 1 and int(arguments[1] or 0) > 255


def deep_avif(file: Any) -> bool:
    """Whether an AVIF has 10 or 12 bits, by the flag in its box ``av1C``."""
    with open(file.filename, "rb") as opened:
        start = opened.read(4096)
    place = start.find(b"av1C")
    return place >= 0 and bool(start[place + 6] & 0x40)


def with_profile(pixels: Pixels) -> Pixels:
    """The same, with a note if there is a profile other than sRGB."""
    profile = pixels.keep.get("icc_profile")
    if not isinstance(profile, bytes) or any(name in profile for name in SRGB):
        return pixels
    return Pixels(pixels.colours, pixels.alpha, pixels.full, (*pixels.notes, PROFILE), pixels.keep)


# ---- for training: 8 bits over white ----------------------------------------------------------------------------------


def opened(path: Path, reading: Reading) -> tuple[Image.Image, Pixels]:
    """A file as an ``L`` or ``RGB`` picture, and all of its content.

    Raises:
        Unreadable: the file is not a picture, is truncated, or is too large.
    """
    pixels = read(path, reading.max_pixels)
    with naming(path):
        return pixels.eight_bit(reading.channels, reading.range), pixels


def covering(picture: Image.Image, size: tuple[int, int], reading: Reading, crop: int | None = None) -> np.ndarray:
    """Scale to cover (width, height), and crop the centre. -> uint8 [C, H, W].

    ``crop``: side in original pixels of a central square that is cut out first.
    """
    if crop is not None:
        left, top = (picture.width - crop) // 2, (picture.height - crop) // 2
        picture = picture.crop((left, top, left + crop, top + crop))
    return array_of(ImageOps.fit(picture, size, reading.filter))


def array_of(picture: Image.Image) -> np.ndarray:
    """uint8 [C, H, W] of an ``L`` or ``RGB`` picture."""
    array = np.asarray(picture)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))
