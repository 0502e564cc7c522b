"""TIFF files, read and written by tifffile, which keeps every depth, plane and band."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from genlab.data.files.pixels import LYING, Pixels, Range, upright

GEO = (33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)  # GeoTIFF's tags, and GDAL's
PAGES = "several frames or pages: the first one only"
PREMULTIPLIED = 1
CMYK = "CMYK: read as RGB by the plain formula, without its profile"
MODES = {"MINISBLACK": "L", "MINISWHITE": "L", "PALETTE": "P", "SEPARATED": "CMYK"}
BY_CODEC = ("JPEG", "OJPEG", "WEBP", "JPEG2000", "APERIO_JP2000_RGB", "APERIO_JP2000_YCBC")  # they give RGB


def read_tiff(path: Path, most: int | None = None) -> Pixels:
    """The first page of a TIFF.

    Args:
        most: pixels above which the file is refused before it is decoded.

    Raises:
        Exception: tifffile's own, of many kinds, for a damaged file; ValueError for one that cannot be read right.
    """
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it would log is raised here
    with TiffFile(path) as file:
        page: Any = file.pages.first
        require_size(page.imagewidth, page.imagelength, most)
        require_whole(page, path.stat().st_size)
        numbers = bands_last(page)
        full = full_range(page, numbers)
        colours, rest, notes = colours_of(page, numbers, full)
        alpha, more = alpha_of(page, rest, full)
        if page.photometric.name in ("PALETTE", "SEPARATED"):
            full = (0, 255)  # of the colours that these stand for
        if more:
            notes = [*notes, "bands that are neither colour nor transparency: left out"]
        if len(file.pages) > 1:
            notes = [*notes, PAGES]
        turn = int(getattr(page.tags.get(274), "value", 1))
        keep = {"icc_profile": getattr(page.tags.get(34675), "value", None), "dpi": dpi_of(page)}
        keep["geo"] = geo_of(page) if turn == 1 else ()
        if turn != 1 and geo_of(page):
            notes = [*notes, "turned upright, so its place on the map (GeoTIFF) is left out"]
        colours, full = whole_bytes(colours, full)
        if alpha is not None and PREMULTIPLIED in map(int, page.extrasamples):
            colours = unmultiplied(colours, alpha, full)
        turned = upright(colours, turn), None if alpha is None else upright(alpha, turn)
        return Pixels(*turned, full, tuple(notes), keep)


def header_of_tiff(path: Path) -> tuple[tuple[int, int], str]:
    """(width, height), upright, and the nearest of Pillow's modes; from the header alone."""
    from tifffile import TiffFile

    with TiffFile(path) as file:
        page: Any = file.pages.first
        size = page.imagewidth, page.imagelength
        lying = int(getattr(page.tags.get(274), "value", 1)) in LYING
        mode = MODES.get(page.photometric.name, "RGB")
        if mode in ("L", "RGB") and any(int(sample) in (1, 2) for sample in page.extrasamples):
            mode += "A"
        return (size[::-1] if lying else size), mode


def require_size(width: int, height: int, most: int | None) -> None:
    """Refuse a picture that is too large.

    Raises:
        ValueError: it has more than ``most`` pixels.
    """
    if most is not None and width * height > most:
        what = f"{width}x{height} are {width * height:,} pixels, more than data.max_pixels={most}"
        raise ValueError(f"{what}; if that is meant, type data.max_pixels={width * height}")


def require_whole(page: Any, size: int) -> None:
    """Refuse a file that ends before its pixels do; some decoders fill in what is missing.

    Raises:
        ValueError: it is cut short.
    """
    ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if not ends or max(ends) > size or 0 in page.databytecounts:
        raise ValueError("it is cut short")


def bands_last(page: Any) -> np.ndarray:
    """The numbers of a page, [H, W, bands].

    Raises:
        ValueError: it is no flat picture.
    """
    if page.axes not in ("YX", "YXS", "SYX"):
        raise ValueError(f"its axes are {page.axes}, so it is no flat picture")
    numbers = page.asarray()
    numbers = numbers.astype(np.uint8) if numbers.dtype == bool else numbers
    if page.axes == "YX":
        return numbers[..., None]
    return np.moveaxis(numbers, 0, -1) if page.axes == "SYX" else numbers


def full_range(page: Any, numbers: np.ndarray) -> Range:
    """The numbers that are black and white by the file's depth; floats: 0 and 1."""
    if numbers.dtype.kind in "fc":
        return 0, 1
    bits = int(page.bitspersample) - (numbers.dtype.kind == "i")
    return 0, 2**bits - 1


def colours_of(page: Any, numbers: np.ndarray, full: Range) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Colours [H, W, 1 or 3], further bands [H, W, N], and notes.

    Raises:
        ValueError: the colours cannot be told from the file.
    """
    kind, bands = page.photometric.name, numbers.shape[-1]
    extra = len(page.extrasamples)
    if kind in ("MINISBLACK", "MINISWHITE") and bands - extra == 1:
        open_bands = sum(int(sample) == 0 for sample in page.extrasamples)
        if open_bands:
            raise ValueError(f"it has {bands} bands, and nothing says which are red, green and blue")
        first = numbers[..., :1]
        return first if kind == "MINISBLACK" else full[1] - first, numbers[..., 1:], []
    if kind == "RGB" or (kind == "YCBCR" and page.compression.name in BY_CODEC):
        return numbers[..., :3], numbers[..., 3:], []
    if kind == "PALETTE" and page.colormap is not None and bands == 1:
        return (page.colormap.T[numbers[..., 0]] >> 8).astype(np.uint8), numbers[..., :0], []
    if kind == "SEPARATED" and bands == 4 and numbers.dtype == np.uint8:
        return np.asarray(Image.fromarray(numbers, "CMYK").convert("RGB")), numbers[..., :0], [CMYK]
    raise ValueError(f"its colours are {kind} in {bands} bands of {page.bitspersample} bits, which is not read here")


def whole_bytes(colours: np.ndarray, full: Range) -> tuple[np.ndarray, Range]:
    """Numbers of 1 … 7 and of 9 … 15 bits spread over 8 and 16; others as they are.

    Raises:
        ValueError: signed numbers of 8 bits, or NaN.
    """
    if colours.dtype.kind in "fc" and np.isnan(colours).any():
        raise ValueError("some of its numbers are NaN, which is no colour")
    if colours.dtype == np.int8:
        raise ValueError("its numbers have 8 bits and a sign, which is not read here")
    if colours.dtype.kind != "u" or colours.dtype.itemsize > 2:
        return colours, full
    kind: np.dtype[Any] = np.dtype(np.uint8 if colours.dtype.itemsize == 1 else np.uint16)
    white = int(np.iinfo(kind).max)
    if full[1] == white:
        return colours, full
    return np.rint(colours * (white / full[1])).astype(kind), (0, white)


def alpha_of(page: Any, rest: np.ndarray, full: Range) -> tuple[np.ndarray | None, bool]:
    """Opacity, float32 [H, W] in [0, 1], of the first band that says it is that, and whether there are other bands."""
    kinds = [int(sample) for sample in page.extrasamples][: rest.shape[-1]]
    place = next((i for i, kind in enumerate(kinds) if kind in (1, 2)), None)
    if place is None:
        return None, rest.shape[-1] > 0
    return (rest[..., place].astype(np.float64) / full[1]).astype(np.float32), rest.shape[-1] > 1


def unmultiplied(colours: np.ndarray, alpha: np.ndarray, full: Range) -> np.ndarray:
    """Colours that were stored multiplied by alpha, divided by it; black where nothing shows."""
    shares = np.divide(colours, alpha[..., None], out=np.zeros(colours.shape), where=alpha[..., None] > 0)
    whole = colours.dtype.kind in "ui"
    return (np.rint(shares) if whole else shares).clip(0, full[1]).astype(colours.dtype)


def dpi_of(page: Any) -> tuple[float, float] | None:
    """Dots per inch; None if the file does not say."""
    unit = {2: 1.0, 3: 2.54}.get(int(getattr(page.tags.get(296), "value", 2)))
    found = [page.tags.get(number) for number in (282, 283)]
    if unit is None or any(tag is None or not tag.value[1] for tag in found):
        return None
    return tuple(tag.value[0] / tag.value[1] * unit for tag in found)


def geo_of(page: Any) -> tuple[tuple[int, int, int, Any], ...]:
    """The tags that place a picture on a map, as tifffile writes them."""
    tags = (page.tags.get(number) for number in GEO)
    return tuple((tag.code, int(tag.dtype), tag.count, tag.value) for tag in tags if tag is not None)


def write_tiff(file: IO[bytes], image: np.ndarray, alpha: bool, keep: dict[str, Any]) -> None:
    """Write [H, W, C] of any depth, its last channel being opacity if ``alpha``; packed without loss."""
    from tifffile import imwrite

    colours = image.shape[-1] - alpha
    flat = image[..., 0] if image.shape[-1] == 1 else image
    imwrite(
        file,
        flat,
        photometric="rgb" if colours == 3 else "minisblack",
        planarconfig="contig" if image.shape[-1] > 1 else None,
        extrasamples=["unassalpha"] if alpha else None,
        compression="adobe_deflate",
        resolution=keep.get("dpi"),
        resolutionunit="inch" if keep.get("dpi") else None,
        iccprofile=keep.get("icc_profile"),
        extratags=[(*tag, True) for tag in keep.get("geo") or ()],
        metadata=None,
        software=False,
    )
