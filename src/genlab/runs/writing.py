"""Files that a training goes on without: one that cannot be written is a warning, repeated as long as it lasts."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from genlab.console import say

FULL = (errno.ENOSPC, errno.EDQUOT)
REPEAT = 300.0  # seconds between two warnings about what lasts

Kind = Literal["record", "checkpoint"]
WORDS: dict[Kind, tuple[str, str]] = {
    "record": ("cannot write", "Training goes on without it"),
    "checkpoint": ("could not save", "Training goes on; a file saved before stays"),
}


class Unwritten:
    """What could not be written and has not been written since: one warning for all records, one for checkpoints."""

    def __init__(self) -> None:
        self.errors: dict[Path, tuple[Kind, OSError]] = {}
        self.failures: dict[Kind, int] = {}
        self.warned: dict[Kind, float] = {}
        self.lock = threading.Lock()  # never held while a line is said, which is a record itself

    def add(self, path: Path, kind: Kind, error: OSError) -> None:
        """Remember a failure; warn at the first of its kind, then every ``REPEAT`` seconds."""
        with self.lock:
            lasts = any(known == kind for known, _ in self.errors.values())
            due = self.is_due(path, kind, error, lasts)
        if not due:
            return
        verb, consequence = WORDS[kind]
        count = f" ({self.failures[kind]:,} failures by now)" if lasts else ""
        say(f"WARNING   {verb} {path}: {reason(error)}{count}. {consequence}.{' Make room.' if is_full(error) else ''}")

    def is_due(self, path: Path, kind: Kind, error: OSError, lasts: bool) -> bool:
        """Count a failure; whether it is time to warn. ``lasts``: one of its kind is known already."""
        now = time.monotonic()
        self.errors[path] = kind, error
        self.failures[kind] = self.failures.get(kind, 0) + 1 if lasts else 1
        if lasts and now - self.warned[kind] < REPEAT:
            return False
        self.warned[kind] = now  # before the line: log.txt may be what cannot be written
        return True

    def done(self, path: Path) -> None:
        """A file has been written; if it had failed before, say so."""
        with self.lock:
            failed = self.errors.pop(path, None)
        if failed is not None:
            say(f"note      {path} is written again")


CURRENT = Unwritten()  # of the run of this process


def begin() -> None:
    """Forget what another run of this process could not write."""
    for known in (CURRENT.errors, CURRENT.failures, CURRENT.warned):
        known.clear()


@contextmanager
def attempt(path: Path, kind: Kind = "record") -> Iterator[None]:
    """Write ``path`` inside; an OSError is a warning."""
    try:
        yield
    except OSError as error:
        CURRENT.add(path, kind, error)
    else:
        CURRENT.done(path)


def missing(*paths: Path) -> list[str]:
    """Those of the files that could not be written, each with the reason."""
    return [f"{path} ({reason(CURRENT.errors[path][1])})" for path in paths if path in CURRENT.errors]


def reason(error: OSError) -> str:
    """Why something could not be written, in words."""
    return "the disk is full" if is_full(error) else error.strerror or str(error)


def is_full(error: OSError) -> bool:
    """Whether there is no room left, on the disk or for this user."""
    return error.errno in FULL
