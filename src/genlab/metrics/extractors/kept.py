"""Long computations in pieces, each kept in a file of its own, so that a kill costs at most one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic
from typing import Any

from genlab.console import progress
from genlab.files import read_tensors, unwritable, write_tensors

SECONDS = 1.0  # of work that is worth a file


@dataclass(frozen=True)
class Kept:
    """Pieces of a computation, in files of a folder; what they depend on must be in its name. None: nothing is kept.

    Pieces may contain tensors on the CPU, numbers, strings, lists and dicts only.
    """

    folder: Path | None

    def piece(self, name: str, make: Callable[[], Any]) -> Any:
        """The piece of this name, read from its file; computed by ``make`` and written where there is none.

        Processes that need a piece at the same time compute it each for themselves.

        Raises:
            DataError: the file is damaged, or cannot be written.
        """
        path = self.path(name)
        if path is None:
            return make()
        if path.is_file():
            return read_tensors(path)
        value = make()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error
        write_tensors(path, value)
        return value

    def path(self, name: str) -> Path | None:
        """The file of a piece; None if nothing is kept."""
        return None if self.folder is None else self.folder / f"{name}.pt"

    def has(self, name: str) -> bool:
        """Whether the piece is in its file."""
        path = self.path(name)
        return path is not None and path.is_file()

    def batches(self, title: str, total: int, size: int, work: Callable[[range], Any]) -> Iterator[Any]:
        """``work(rows)`` of the rows below ``total``, ``size`` at a time, in order, with a progress bar.

        A piece has one batch, or more if they take less than ``SECONDS``: that much a kill costs at most.

        Raises:
            DataError: a file is damaged, or cannot be written.
        """
        done = 0
        while done < total and self.has(place(done)):
            piece = self.piece(place(done), dict)
            done = piece["stop"]
            yield from piece["batches"]
        with progress(title, total - done, announced="once") as advance:
            while done < total:
                piece = self.piece(place(done), partial(some, range(done, total), size, work, advance))
                done = piece["stop"]
                yield from piece["batches"]

    def drop(self) -> None:
        """Delete the folder, whose pieces are no longer needed; one that may not be written stays."""
        if self.folder is not None and self.folder.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)


NOT_KEPT = Kept(None)


def libraries() -> dict[str, str]:
    """The versions of what resizes images and computes features: part of the key of everything that is kept of them."""
    found = {}
    for name in ("torch", "torch-fidelity", "timm", "pillow"):
        with suppress(PackageNotFoundError):  # timm is an extra
            found[name] = version(name)
    return found


def place(start: int) -> str:
    """The name of the piece that begins at this row."""
    return f"{start:09}"


def some(rows: range, size: int, work: Callable[[range], Any], advance: Callable[[int], None]) -> dict[str, Any]:
    """The first batches of ``rows``, until ``SECONDS`` have passed. -> ``batches``, and the row to go on with, ``stop``."""
    began, done = monotonic(), 0
    batches: list[Any] = []
    while done < len(rows) and (not batches or monotonic() - began < SECONDS):
        part = rows[done : done + size]
        batches.append(work(part))
        done += len(part)
        advance(len(part))
    return {"batches": batches, "stop": rows.start + done}
