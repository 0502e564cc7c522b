"""Which files are pictures: by their endings for a listing, by their first bytes for reading."""

from __future__ import annotations

from pathlib import Path

WRITTEN = {  # what translate.py writes, by ending; every other picture comes out as a PNG
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    ".png": "PNG",
    ".webp": "WEBP",
}
READ_ONLY = (".apng", ".avif", ".gif", ".pbm", ".pgm", ".pnm", ".ppm", ".qoi", ".tga")
ENDINGS = frozenset([*WRITTEN, *READ_ONLY])
NAMED = "JPEG PNG TIFF BMP WebP GIF PPM AVIF QOI TGA"  # for messages
BY_PILLOW = ("JPEG", "PNG", "BMP", "DIB", "WEBP", "GIF", "PPM", "AVIF", "QOI", "TGA")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF
PNG = b"\x89PNG\r\n\x1a\n"


def is_picture(path: Path) -> bool:
    """Whether the ending is that of a picture; the file is not opened."""
    return path.suffix.lower() in ENDINGS


def start_of(path: Path) -> bytes:
    """The first 32 bytes of a file."""
    with open(path, "rb") as file:
        return file.read(32)


def is_tiff(start: bytes) -> bool:
    """Whether these are the first bytes of a TIFF."""
    return start[:4] in TIFF


def is_deep_png(start: bytes) -> bool:
    """Whether these are the first bytes of a PNG with 16 bits a value."""
    return start[:8] == PNG and start[24:25] == b"\x10"
