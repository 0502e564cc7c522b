"""Results that take long and never change: made by the first who asks, then read from the disk."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from genlab.contracts import DataError


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What ``make`` gave when this file was written; of several processes one makes it while the others wait.

    Only tensors, numbers, strings, lists and dicts: the file is read without unpickling anything else.

    Raises:
        DataError: the file cannot be read, or there is no room for it.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not path.is_file():
                write(path, make())
    return read(path)


def write(path: Path, value: Any) -> None:
    """Whole or not at all, also when the power fails."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
            torch.save(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not isinstance(error.__context__, OSError):
            raise  # torch turns a full disk into a RuntimeError; any other one is a fault of ours
        raise DataError(f"cannot write {path}: {error}. Make room, or choose another place: paths.cache=DIR") from error
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> Any:
    """The value, on the CPU."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:  # a cut file raises any of these
        raise DataError(f"{path} cannot be read. Delete it, and the next run makes it again.") from error
