"""Files that are whole or absent: written beside their place, brought to the disk, then moved there."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)  # how a damaged zip fails


@contextlib.contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file in ``path``'s folder; on a clean exit it is synced and takes ``path``'s place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(part, mode, newline="" if "b" not in mode else None) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the folder's entries to the disk, where the system knows how to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Readable JSON, whole or not at all; NaN and infinity are refused."""
    with replacing(path) as file:
        json.dump(value, file, indent=2, allow_nan=False)
        file.write("\n")


def read_json(path: Path) -> Any:
    """What ``write_json`` wrote."""
    return json.loads(path.read_text())


def is_sound_zip(path: Path) -> bool:
    """Whether the file is a zip archive, as ``torch.save`` writes it, whose parts have their checksums: torch asks for none."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except BROKEN:
        return False
