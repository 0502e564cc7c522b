"""PNG and TIFF files with colours of 16 bits or more, which Pillow reads as 8 bits and cannot write.

Own code, since imageio writes no such PNG, tifffile needs imagecodecs for LZW, and OpenCV (60 MB) marks no alpha in a TIFF.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps

from genlab.data.files.decode import GREY

OTHER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # the other order of two bytes
PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG's colour type, by the number of channels


def is_deep_colour(file: Image.Image) -> bool:
    """Whether an opened, not yet loaded file has more than 8 bits per colour, of which Pillow returns 8."""
    bits = getattr(file, "tag_v2", {}).get(258, (8,))  # a TIFF says so itself
    return file.mode not in GREY and (max(bits) > 8 or any(";16" in mode for mode in raw_modes(file)))


def can_be_whole(file: Image.Image) -> bool:
    """Whether Pillow can also decode the file in the opposite byte order, which yields the low bytes."""
    modes = raw_modes(file)
    return bool(modes) and all(mode[:-1] in ("RGB;16", "RGBA;16") for mode in modes)


def raw_modes(file: Image.Image) -> list[str]:
    """Pillow's raw mode of each tile, such as ``RGB;16B``."""
    arguments = [tile.args for tile in getattr(file, "tile", [])]
    return [str(found[0] if isinstance(found, tuple) and found else found) for found in arguments]


def low_bytes(path: Path) -> Image.Image:
    """The low byte of each value, which Pillow drops, as a picture of the same mode, upright.

    Pillow keeps the byte it takes for the high one; decoded in the opposite byte order, that is the low byte.
    """
    with Image.open(path) as file:
        opened: Any = file
        opened.tile = [tile._replace(args=turned(tile.args)) for tile in opened.tile]
        return ImageOps.exif_transpose(file)


def turned(args: Any) -> Any:
    """The decoder's arguments, with the opposite byte order."""
    if isinstance(args, tuple):
        return (turned(args[0]), *args[1:])
    return args[:-1] + OTHER[args[-1]]


def write_png(file: IO[bytes], image: np.ndarray) -> None:
    """Write uint16 [H, W, C] as a PNG: grey, grey with alpha, RGB or RGBA for C = 1 ... 4."""
    height, width, channels = image.shape
    rows = image.astype(">u2", order="C").view(np.uint8).reshape(height, -1)
    packed = np.full((height, 1 + rows.shape[1]), 2, np.uint8)  # 2: the filter "up"
    packed[:, 1:] = np.diff(rows, axis=0, prepend=np.uint8(0))
    header = struct.pack(">IIBBBBB", width, height, 16, PNG_COLOUR[channels], 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n")
    for name, content in ((b"IHDR", header), (b"IDAT", zlib.compress(packed.tobytes(), 6)), (b"IEND", b"")):
        file.write(struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content)))


def write_tiff(file: IO[bytes], image: np.ndarray) -> None:
    """Write uint16 [H, W, C] as an uncompressed TIFF: RGB or RGBA for C = 3 or 4."""
    height, width, channels = image.shape
    entries = {  # by the numbers of TIFF's tags, in their order; a short is two bytes long, a long one four
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [16] * channels),  # bits
        259: ("H", [1]),  # no compression
        262: ("H", [2]),  # RGB
        273: ("I", [8 + 2 + 12 * (9 + channels % 3) + 4 + 2 * channels]),  # where the pixels begin: behind all this
        277: ("H", [channels]),
        278: ("I", [height]),  # rows in a strip
        279: ("I", [image.nbytes]),
        338: ("H", [2]),  # the fourth channel is alpha, the colours not multiplied by it
    }
    if channels == 3:
        del entries[338]
    bits = 8 + 2 + 12 * len(entries) + 4
    file.write(b"II*\0" + struct.pack("<IH", 8, len(entries)))
    for number, (kind, values) in entries.items():
        content = struct.pack("<" + kind, *values) if len(values) == 1 else struct.pack("<I", bits)
        file.write(struct.pack("<HHI", number, 3 if kind == "H" else 4, len(values)) + content.ljust(4, b"\0"))
    file.write(struct.pack(f"<I{channels}H", 0, *[16] * channels))
    file.write(image.astype("<u2", order="C").tobytes())
