"""Atomic writes, locks between processes, and an on-disk cache."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from genlab.contracts import CheckpointError, DataError

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)  # how a damaged zip fails
DIGEST = hashlib.sha256().digest_size

# ---- whole or absent ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder: fsynced and renamed to ``path`` on success, deleted on an exception."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield part
        sync(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Atomic write: ``temporary``, opened as a file; text in UTF-8, with ``\\udce9`` for what is none (in file names)."""
    text: dict[str, Any] = {} if "b" in mode else {"newline": "", "encoding": "utf-8", "errors": "backslashreplace"}
    with temporary(path) as part, open(part, mode, **text) as file:
        yield file
        file.flush()


def sync(path: Path) -> None:
    """fsync a file, or, on POSIX systems, a folder's entries."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically; NaN and infinity raise ValueError."""
    with replacing(path) as file:
        json.dump(value, file, indent=2, allow_nan=False)
        file.write("\n")


def read_json(path: Path) -> Any:
    """The inverse of ``write_json``."""
    return json.loads(path.read_text())


def read_record(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object that belongs to a run: its summary, or the list of its checkpoints.

    Raises:
        CheckpointError: the file is cut, or is something else; with the remedy.
    """
    try:
        value = read_json(path)
        if isinstance(value, dict):
            return value
        reason = "it is no JSON object"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise CheckpointError(f"{path} cannot be read ({reason}). {remedy}")


def obstacle(path: Path) -> str:
    """Why nothing can be written at ``path``: the nearest place that exists, and the system's message; empty if it can."""
    place = next(place for place in (path.absolute(), *path.absolute().parents) if os.path.exists(place))
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return f"{place}: {error.strerror or error}"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_sound_zip(path: Path) -> bool:
    """Whether the file is a zip archive (as ``torch.save`` writes) with correct checksums, which torch does not check."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except BROKEN:
        return False


# ---- one process at a time ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Inter-process lock for ``path``. Creates its folder, and removes it again if nothing was written into it.

    The hidden lock file is kept: if it were deleted, waiting processes would hold a lock on a deleted file.

    Raises:
        OSError: the folder cannot be created or written to.
    """
    lock, made = path.with_name(f".{path.name}.lock"), [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            yield
    finally:
        left = list(path.parent.iterdir()) if made and path.parent.is_dir() else []
        for file in left if all(file.suffix == ".lock" for file in left) else []:
            file.unlink(missing_ok=True)
        for folder in made:
            with contextlib.suppress(OSError):  # not empty: something came
                folder.rmdir()


# ---- results that take long and never change ------------------------------------------------------------------------


def key_of(*facts: Any) -> str:
    """Cache key: a hash of everything a result depends on (numbers, strings, lists, dicts)."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def cached(path: Path, make: Callable[[], Any], fits: Callable[[Any], bool]) -> Any:
    """The result of ``make``, cached at ``path``; one process computes it while the others wait.

    Results may contain tensors, numbers, strings, lists and dicts only (read with ``weights_only=True``).

    Args:
        fits: whether a value read from the file is valid.

    Raises:
        DataError: the file is damaged, has other content, or cannot be written.
    """
    ensure(path, make)
    value = read_tensors(path)
    if not fits(value):
        raise unusable(path)
    return value


def ensure(path: Path, make: Callable[[], Any]) -> None:
    """Create the file if it is missing; one process does so while the others wait.

    Raises:
        DataError: it cannot be written.
    """
    if path.is_file():
        return
    try:
        with locked(path):
            if not path.is_file():
                write_tensors(path, make())
    except OSError as error:
        raise unwritable(path, error) from error


def write_tensors(path: Path, value: Any) -> None:
    """Write atomically: 32 bytes of SHA-256, then the value by ``torch.save``.

    The digest is needed because ``torch.load`` does not detect changed bytes.
    """
    import torch

    content = io.BytesIO()
    torch.save(value, content)
    try:
        with replacing(path, "wb") as file:
            file.write(hashlib.sha256(content.getbuffer()).digest())
            file.write(content.getbuffer())
    except OSError as error:
        raise unwritable(path, error) from error


def read_tensors(path: Path) -> Any:
    """The value written by ``write_tensors``, on the CPU; DataError if the file is damaged."""
    import torch

    try:
        content = path.read_bytes()
        if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
            raise ValueError("its bytes are not those that were written")
        return torch.load(io.BytesIO(content[DIGEST:]), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for what it does not unpickle
        raise unusable(path) from error


def unwritable(path: Path, error: OSError) -> DataError:
    """The error for a cache file that cannot be written."""
    return DataError(f"cannot write {path}: {error}. Make room, or choose another place: paths.cache=DIR")


def unusable(path: Path) -> DataError:
    """The error for a cache file that is damaged or has other content."""
    return DataError(f"{path} cannot be read. Delete it, and the next run makes it again.")
