"""Reading and writing pictures so that a translation keeps the depth, transparency and metadata of its input."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from genlab.data.files.decode import Reading, naming
from genlab.data.files.decode import read as read_pixels
from genlab.data.files.formats import WRITTEN
from genlab.data.files.pixels import Pixels, Range, over_white
from genlab.data.files.tiff import CMYK, write_tiff

HOLDS_ALPHA = ("PNG", "TIFF", "WEBP")
HOLDS = {"TIFF": "uifc", "PNG": "u"}  # formats of more than 8 bits, and the kinds of numbers that they hold
QUALITY = 95  # of a JPEG
SAVED_WITH: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": QUALITY, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
}
METRE = 39.3701  # inches
WHITE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65_535}


@dataclass(frozen=True)
class Picture:
    """The content of a file, upright.

    ``values``: float32 [C, H, W] in [0, 1], composited over white. ``alpha``: opacity, float32 [H, W]; None if opaque.
    ``dtype``, ``span``, ``bands``: the file's numbers, which of them are black and white, and of how many colours.
    ``keep``: as in ``Pixels``. ``notes``: what is lost from the file, in sentences that are the same for every such file.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    dtype: np.dtype[Any] = np.dtype(np.uint8)  # noqa: RUF009 - immutable
    span: Range = (0, 255)
    bands: int = 3
    keep: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


# ---- reading --------------------------------------------------------------------------------------------------------


def read(path: Path, reading: Reading) -> Picture:
    """The picture as grey or RGB, as ``reading`` says.

    Raises:
        Unreadable: the file is not a picture, is truncated, or is too large.
    """
    pixels = read_pixels(path, reading.max_pixels)
    with naming(path):
        values = over_white(pixels.fractions(reading.channels, reading.range), pixels.alpha)
        notes = [*pixels.notes, *changes(pixels, reading)]
        whole = np.ascontiguousarray(values.transpose(2, 0, 1))
        span = pixels.span(reading.range)
        colours = pixels.colours
        return Picture(whole, pixels.alpha, colours.dtype, span, colours.shape[-1], pixels.keep, tuple(notes))


def changes(pixels: Pixels, reading: Reading) -> list[str]:
    """Notes on what the network's channels and ``data.range`` change."""
    found, bands = [], pixels.colours.shape[-1]
    if bands < reading.channels:
        found.append("grey in: widened to colour, on which the model was trained")
    if bands > reading.channels:
        found.append("colour in: the model was trained on grey, and sees their luminance")
    low, high = pixels.span(reading.range)
    if pixels.deep and (pixels.colours.min() < low or pixels.colours.max() > high):
        found.append(f"numbers outside the {low:g} … {high:g} that the model was trained on (data.range): cut off")
    return found


# ---- writing --------------------------------------------------------------------------------------------------------


def name_of(name: Path) -> Path:
    """The name that a translation is written under: the same, with ``.png`` behind it if its format is not written."""
    return name if name.suffix.lower() in WRITTEN else name.with_name(f"{name.name}.png")


def write(values: np.ndarray, like: Picture, file: IO[bytes], suffix: str) -> list[str]:
    """Write float32 [C, H, W] in [0, 1] with the depth and transparency of ``like``, in the format of ``suffix``.

    Returns notes on what the format cannot hold, which are the same for every such file.
    """
    kind, notes, alpha = WRITTEN.get(suffix.lower(), "PNG"), [], like.alpha
    if suffix.lower() not in WRITTEN:
        notes.append(f"{suffix} is not written: a PNG, with .png behind the name")
    if alpha is not None and kind not in HOLDS_ALPHA:
        alpha = None
        notes.append(f"{kind} holds no transparency: left out, what was transparent was taken for white")
    dtype, span, said = held(like, kind)
    if kind == "JPEG":
        said.append(f"JPEG in, JPEG out: quality {QUALITY}, colours at full resolution")
    keep = dict(like.keep)
    if keep.get("icc_profile") and (CMYK in like.notes or like.bands != len(values)):
        keep["icc_profile"] = None
        said.append("a colour profile that does not fit the colours that come out: left out")
    rows = uncovered(values.transpose(1, 2, 0), alpha)
    save(numbers(rows, dtype, span), None if alpha is None else opacity(alpha, dtype, span), keep, kind, file)
    return [*notes, *said]


def held(like: Picture, kind: str) -> tuple[np.dtype[Any], Range, list[str]]:
    """The numbers in which a format holds a picture like this one, black and white, and notes on the change."""
    if like.dtype == np.uint8 or (
        like.dtype.kind in HOLDS.get(kind, "") and (kind == "TIFF" or like.dtype.itemsize < 3)
    ):
        return like.dtype, like.span, []
    dtype = np.dtype(np.uint16 if kind in HOLDS else np.uint8)
    what = "whole numbers of 16 bits" if kind in HOLDS else "8 bits"
    return dtype, (0, WHITE[dtype]), [f"{kind} holds {what} only"]


def uncovered(rows: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """The colours [H, W, C] that composited over white give these; white where nothing shows."""
    if alpha is None:
        return rows
    cover = alpha[..., None]
    return 1 + np.divide(rows - 1, cover, out=np.zeros_like(rows), where=cover > 0).clip(-1, 0)


def numbers(rows: np.ndarray, dtype: np.dtype[Any], span: Range) -> np.ndarray:
    """Fractions [H, W, C] as the file's numbers; integers are rounded."""
    made = span[0] + rows.astype(np.float64) * (span[1] - span[0])
    return np.ascontiguousarray(made if dtype.kind == "f" else np.rint(made), dtype)


def opacity(alpha: np.ndarray, dtype: np.dtype[Any], span: Range) -> np.ndarray:
    """Opacity [H, W] in the file's numbers, in which it ends at the type's own white."""
    white = WHITE.get(dtype, span[1])
    return numbers(alpha[..., None], dtype, (0, white))[..., 0]


def save(image: np.ndarray, alpha: np.ndarray | None, keep: dict[str, Any], kind: str, file: IO[bytes]) -> None:
    """Write an image [H, W, C], with alpha [H, W] of the same dtype."""
    if alpha is not None:
        image = np.concatenate([image, alpha[..., None]], -1)
    if kind == "TIFF":
        write_tiff(file, image, alpha is not None, keep)
        return
    if image.dtype == np.uint16:
        file.write(deep_png(image, keep))
        return
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    dpi = {"dpi": keep["dpi"]} if keep.get("dpi") and kind != "WEBP" else {}
    picture.save(file, format=kind, icc_profile=keep.get("icc_profile"), **dpi, **SAVED_WITH.get(kind, {}))


def deep_png(image: np.ndarray, keep: dict[str, Any]) -> bytes:
    """A PNG of uint16 [H, W, C]: grey, grey with alpha, RGB or RGBA for C = 1 … 4, with profile and resolution."""
    from imagecodecs import png_encode

    made = bytes(png_encode(image[..., 0] if image.shape[-1] == 1 else image, level=6))
    chunks = []
    if keep.get("icc_profile"):
        chunks.append((b"iCCP", b"profile\0\0" + zlib.compress(keep["icc_profile"])))
    if keep.get("dpi"):
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(dots * METRE) for dots in keep["dpi"]), 1)))
    packed = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return made[:33] + b"".join(packed) + made[33:]  # behind the signature and the header
