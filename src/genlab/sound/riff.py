"""What the header of a WAV file promises: libsndfile silently gives what is there instead."""

from __future__ import annotations

import struct
from pathlib import Path

UNKNOWN = 0x7FFFF000  # sizes from here on are of writers to a pipe, who did not know the length


def missing(path: Path) -> tuple[int, int] | None:
    """Bytes of sound that are there and that the header promises, if they are fewer; None: all are there, or it is no WAV."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        riff, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if (riff, wave) != (b"RIFF", b"WAVE"):
            return None
        while len(head := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", head)
            if name == b"data":
                there = size - file.tell()
                return (there, length) if there < length < UNKNOWN else None
            file.seek(length + length % 2, 1)
    return None
