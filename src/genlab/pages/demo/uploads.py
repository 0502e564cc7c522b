"""Files that come in: bytes, kind and, of pictures, pixels are looked at, in this order, before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np
from PIL import Image

from genlab.contracts import Unreadable
from genlab.data.files.decode import Reading, array_of, covering, header, opened
from genlab.data.files.formats import PNG
from genlab.pages.demo.refused import Refused, unfit

KINDS = "JPEG, PNG, WebP, GIF, BMP or AVIF"  # what browsers show
STARTS = (b"\xff\xd8\xff", PNG, b"GIF87a", b"GIF89a", b"BM")
INSIDE = {b"RIFF": b"WEBP", b"ftyp": b"avif"}  # at 0 or 4, and behind it at 8
START = 16  # bytes that tell the kind
PIECE = 1 << 16  # bytes that are in memory at once


@dataclass(frozen=True)
class Limits:
    """The largest file that is taken, in bytes; of pictures in pixels, of sounds in seconds."""

    size: int
    pixels: int
    seconds: float = 0.0

    def require_size(self, size: int) -> None:
        """Refuse a file by its size.

        Raises:
            Refused: it is empty, or too large.
        """
        if size < 1:
            raise unfit("The file is empty.")
        if size > self.size:
            what = f"The file has {megabytes(size)}, and this page takes {megabytes(self.size)} at most."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{what} Make it smaller.")

    def require_pixels(self, width: int, height: int) -> None:
        """Refuse a picture by the size that its header states.

        Raises:
            Refused: it has too many pixels.
        """
        if width * height > self.pixels:
            what = (
                f"The picture has {width:,} x {height:,} pixels, and this page takes {megapixels(self.pixels)} at most."
            )
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{what} Scale it down.")


def megabytes(size: int) -> str:
    """In words."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def megapixels(pixels: int) -> str:
    """In words."""
    return f"{pixels / 1e6:,.0f} million" if pixels >= 1e6 else f"{pixels:,}"


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so is one that is taken; its name and what the browser calls it say nothing."""
    return start.startswith(STARTS) or INSIDE.get(start[:4], INSIDE.get(start[4:8])) == start[8:12]


@dataclass(frozen=True)
class Kind:
    """What a page takes: one of it in words, its formats, how it is known by its first bytes, and what is asked of a file.

    ``explained``: the reason why one cannot be read is in words that are meant for users, and names no path.
    """

    word: str
    formats: str
    is_one: Callable[[bytes], bool]
    require: Callable[[Path, Limits], None]
    explained: bool = False


PICTURES = Kind("picture", KINDS, is_picture, lambda path, limits: limits.require_pixels(*header(path).size))


@contextmanager
def received(stream: IO[bytes], size: int, limits: Limits, kind: Kind = PICTURES) -> Iterator[Path]:
    """The bytes that come in as a file of their own, which is gone afterwards.

    Raises:
        Refused: too large, cut short, of another kind, or of too many pixels or seconds.
    """
    limits.require_size(size)
    start = stream.read(min(size, START))
    if not kind.is_one(start):
        what = f"This is no {kind.word} that can be read here: {kind.formats}."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, what)
    with TemporaryDirectory(prefix="genlab-") as folder:
        path = Path(folder) / kind.word
        with open(path, "wb") as file:
            file.write(start)
            left = size - len(start)
            while left and (piece := stream.read(min(left, PIECE))):
                left -= file.write(piece)
        if left:
            raise unfit(f"The {kind.word} came only in part. Send it again.")
        with readable(kind):
            kind.require(path, limits)
        yield path


@contextmanager
def readable(kind: Kind = PICTURES) -> Iterator[None]:
    """Turn what is raised for damaged files into a sentence for the page, without the path.

    Raises:
        Refused: a file cannot be read.
    """
    try:
        yield
    except Unreadable as error:
        why = error.why if kind.explained else "it cannot be read to its end"
        what = f"The {kind.word} is damaged: {why}."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, what) from error


def cut_to_fit(path: Path, size: tuple[int, int], reading: Reading) -> np.ndarray:
    """A file as training sees its pictures: scaled to cover (height, width), the middle. -> uint8 [C, H, W]."""
    with readable():
        picture, _ = opened(path, reading)
    return covering(picture, size[::-1], reading)


def made_smaller(path: Path, side: int, reading: Reading) -> np.ndarray:
    """A file whose longer side has at most ``side`` pixels. -> uint8 [C, H, W]."""
    with readable():
        picture, _ = opened(path, reading)
    picture.thumbnail((side, side), Image.Resampling.BICUBIC)
    return array_of(picture)
