"""The files of a run that W&B has recorded offline in several pieces, one for each time it was resumed.

``wandb sync FOLDER`` appends them in order, but stops for ever at one that its service, killed, has left with half a record.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

BLOCK = 32768  # bytes; a record lies in one or several chunks, none of which crosses the end of a block
HEADER = 7  # bytes: of a file (W&B's mark), and of each chunk (checksum 4, length 2, type 1)
ENDS = (1, 4)  # types of chunk: a whole record, and the last chunk of one


def pieces(folder: Path) -> list[Path]:
    """The files of the offline pieces in ``folder``."""
    return [*folder.glob("offline-run-*/*.wandb")]


def mend(folder: Path) -> None:
    """Cut off what follows the last whole record of every offline piece in ``folder``; one that has none is removed.

    No process may be writing to them.
    """
    for path in pieces(folder):
        data = path.read_bytes()
        if not (end := whole(data)):
            path.unlink()
        elif end < len(data):
            os.truncate(path, end)


def whole(data: bytes) -> int:
    """Where the last whole record of a ``.wandb`` file ends; 0 if there is none. LevelDB's log format."""
    place, end = HEADER, 0
    while place + HEADER <= len(data):
        if (left := BLOCK - place % BLOCK) < HEADER:  # no room for a chunk: padding
            place += left
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        place += HEADER + length
        if place <= len(data) and kind in ENDS:
            end = place
    return end
