"""One process at a time: the others wait, and then find what the first one has made. What fails leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """While open, no other process works on ``path``. The lock lies hidden beside it, and goes with the work.

    Raises:
        OSError: the folder cannot be written to.
    """
    file = path.with_name(f".{path.name}.lock")
    lock = FileLock(file)
    lock.acquire()
    while not file.exists():  # who held it before has removed it: others may hold a new one by now
        lock.release()
        lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):  # Windows lets nobody remove what is open
            file.unlink()
        lock.release()


@contextmanager
def folder_for(path: Path) -> Iterator[None]:
    """Make a folder to put something into; the folders made for it go again if nothing came.

    Raises:
        OSError: it cannot be made.
    """
    made = [place for place in (path, *path.parents) if not place.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for place in made:
            with suppress(OSError):  # not empty: something came
                place.rmdir()
