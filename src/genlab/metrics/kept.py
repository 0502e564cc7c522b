"""Results that take long and never change: made by the first who asks, then read from the disk.

A file is the SHA-256 of what follows, 32 bytes, and what ``torch.save`` made of the value: torch itself does not notice
changed bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from genlab.contracts import DataError

DIGEST = hashlib.sha256().digest_size


def key_of(*facts: Any) -> str:
    """A name for all that a result depends on: numbers, strings, lists, dicts."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def kept(path: Path, make: Callable[[], Any], fits: Callable[[Any], bool]) -> Any:
    """What ``make`` gave when this file was written; of several processes one makes it while the others wait.

    Only tensors, numbers, strings, lists and dicts: the file is read without unpickling anything else.

    Args:
        fits: whether a value can be what ``make`` gave.

    Raises:
        DataError: the file is damaged, holds something else, or there is no room for it.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not path.is_file():
                write(path, make())
    value = read(path)
    if not fits(value):
        raise unusable(path)
    return value


def write(path: Path, value: Any) -> None:
    """Whole or not at all, also when the power fails."""
    part, content = path.with_name(f".{path.name}.{os.getpid()}.tmp"), io.BytesIO()
    torch.save(value, content)
    try:
        with part.open("wb") as file:
            file.write(hashlib.sha256(content.getbuffer()).digest())
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error}. Make room, or choose another place: paths.cache=DIR") from error
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> Any:
    """The value, on the CPU."""
    try:
        return torch.load(io.BytesIO(checked(path.read_bytes())), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for what it does not unpickle
        raise unusable(path) from error


def checked(content: bytes) -> bytes:
    """What follows the digest.

    Raises:
        ValueError: the digest is another one's.
    """
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        raise ValueError("its bytes are not those that were written")
    return content[DIGEST:]


def unusable(path: Path) -> DataError:
    """The error for a file that is damaged, or that somebody else has written."""
    return DataError(f"{path} cannot be read. Delete it, and the next run makes it again.")
