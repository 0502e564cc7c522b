"""Reading and writing pictures so that a translation keeps the bit depth and transparency of its input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from PIL import Image, ImageOps

from genlab.data.files.decode import FORMATS, GREY, array_of, deep_numbers, is_deep, is_transparent, naming, on_white
from genlab.data.files.sixteen_bit import can_be_whole, is_deep_colour, low_bytes, write_png, write_tiff

Depth = Literal["8 bits", "16 bits", "fractions"]
HOLDS_ALPHA, HOLDS_DEPTH = ("PNG", "TIFF", "WEBP"), ("PNG", "TIFF")
QUALITY = 95  # of a JPEG
SAVED_WITH: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": QUALITY, "subsampling": 0},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "WEBP": {"lossless": True, "exact": True},
}


@dataclass(frozen=True)
class Picture:
    """The content of a file, upright.

    ``values``: float32 [C, H, W] in [0, 1], composited over white. ``alpha``: [H, W], uint8, or uint16 for 16-bit
    colours; None if opaque. ``profile``: ICC profile. ``notes``: what is lost from the file, in sentences that are the
    same for every such file.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    depth: Depth = "8 bits"
    profile: bytes | None = None
    notes: tuple[str, ...] = ()


# ---- reading --------------------------------------------------------------------------------------------------------


def read(path: Path, channels: int) -> Picture:
    """The picture as grey (``channels`` 1) or RGB (3).

    Raises:
        Unreadable: the file is not a picture, is truncated, or is too large.
    """
    with naming(path), Image.open(path) as file:
        notes, profile = tuple(not_kept(file, channels)), file.info.get("icc_profile")
        deep = is_deep_colour(file) and can_be_whole(file)
        grey, upright = file.mode in GREY, ImageOps.exif_transpose(file)
        if deep:
            values, alpha, depth = deep_colours(upright, path, channels)
        elif is_deep(upright):
            values, alpha, depth = deep_greys(upright, channels)
        else:
            values, alpha, depth = (
                array_of(on_white(upright, channels)).astype(np.float32) / 255,
                alpha_of(upright),
                "8 bits",
            )
        fits = grey == (channels == 1) and file.mode not in ("CMYK", "LAB")
        return Picture(values, alpha, depth, profile if fits else None, notes)


def not_kept(file: Image.Image, channels: int) -> list[str]:
    """Notes on what will be lost from a newly opened file."""
    found = []
    if file.mode in GREY and channels == 3:
        found.append("grey in, colour out: the model was trained on colour")
    if file.mode not in GREY and channels == 1:
        found.append("colour in, grey out: the model was trained on grey, and sees their luminance")
    if is_deep_colour(file) and not can_be_whole(file):
        found.append("16-bit colours of a kind that Pillow reads as 8 bits: translated and written as 8 bits")
    if (
        getattr(file, "n_frames", 1) > 1 and file.format != "MPO"
    ):  # of a phone's pictures the further frames are previews
        found.append("several frames or pages: the first one only")
    return found


def alpha_of(picture: Image.Image) -> np.ndarray | None:
    """The alpha channel of an 8-bit picture, uint8 [H, W]; None if it has no transparency."""
    return np.asarray(picture.convert("RGBA").getchannel("A")) if is_transparent(picture) else None


def deep_greys(picture: Image.Image, channels: int) -> tuple[np.ndarray, None, Depth]:
    """Values, alpha and depth of a grey picture with more than 8 bits."""
    fractions = picture.mode == "F"
    values = deep_numbers(picture).astype(np.float32) / (1 if fractions else 65_535)
    return values[None].repeat(channels, 0), None, "fractions" if fractions else "16 bits"


def deep_colours(picture: Image.Image, path: Path, channels: int) -> tuple[np.ndarray, np.ndarray | None, Depth]:
    """Values, alpha and depth of a 16-bit picture: high bytes from ``picture``, low bytes from the file."""
    numbers = np.asarray(picture).astype(np.uint16) * 256 + np.asarray(low_bytes(path))
    alpha = numbers[..., 3] if numbers.shape[-1] == 4 else None
    values = numbers[..., :3].transpose(2, 0, 1).astype(np.float32) / 65_535
    if alpha is not None:
        values = 1 + (values - 1) * (alpha.astype(np.float32) / 65_535)
    if channels == 1:
        values = np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), values, 1)[None]  # as Pillow weighs them
    return np.ascontiguousarray(values), alpha, "16 bits"


# ---- writing --------------------------------------------------------------------------------------------------------


def write(values: np.ndarray, like: Picture, file: IO[bytes], suffix: str) -> list[str]:
    """Write float32 [C, H, W] in [0, 1] with the depth and transparency of ``like``, in the format of ``suffix``.

    Returns notes on what the format cannot hold, which are the same for every such file.
    """
    kind, notes, depth, alpha = FORMATS[suffix.lower()], [], like.depth, like.alpha
    if alpha is not None and kind not in HOLDS_ALPHA:
        alpha = None
        notes.append(f"{kind} holds no transparency: left out, what was transparent was taken for white")
    if depth == "fractions" and (kind != "TIFF" or len(values) > 1):
        depth = "16 bits"
        notes.append("colours as fractions are not written: 16 bits instead")
    if depth == "16 bits" and kind not in HOLDS_DEPTH:
        depth, alpha = "8 bits", None if alpha is None else np.rint(alpha / 257).astype(np.uint8)
        notes.append(f"{kind} holds 8 bits only")
    if kind == "JPEG":
        notes.append(f"JPEG in, JPEG out: quality {QUALITY}, colours at full resolution")
    save(numbers(values, depth), alpha, like.profile, kind, file)
    return notes


def numbers(values: np.ndarray, depth: Depth) -> np.ndarray:
    """[C, H, W] in [0, 1] -> [H, W, C] in the file's dtype; integers are rounded."""
    rows = values.transpose(1, 2, 0)
    if depth == "fractions":
        return np.ascontiguousarray(rows, dtype=np.float32)
    top, kind = (65_535, np.uint16) if depth == "16 bits" else (255, np.uint8)
    return np.rint(rows.astype(np.float64) * top).astype(kind)


def save(image: np.ndarray, alpha: np.ndarray | None, profile: bytes | None, kind: str, file: IO[bytes]) -> None:
    """Write an image [H, W, C], with alpha [H, W] of the same dtype."""
    if alpha is not None and image.dtype == np.uint16 and image.shape[-1] == 1 and kind == "TIFF":
        image = image.repeat(3, -1)  # Pillow reads no TIFF of 16-bit greys with alpha
    if alpha is not None:
        image = np.concatenate([image, alpha[..., None]], -1)
    if image.dtype == np.uint16 and image.shape[-1] > 1:
        (write_png if kind == "PNG" else write_tiff)(file, image)
        return
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    picture.save(file, format=kind, icc_profile=profile, **SAVED_WITH.get(kind, {}))
