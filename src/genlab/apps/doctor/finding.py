"""What the doctor has found, and how broken files are set aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ASIDE = "aside"  # folder in a run, of what was broken


@dataclass(frozen=True)
class Finding:
    """One fault of a run. ``mend`` repairs it, and returns what was done; None: that is for the user to do."""

    run: Path
    where: str
    what: str
    remedy: str
    mend: Callable[[], str] | None = None


def set_aside(run: Path, path: Path) -> str:
    """Move a file of the run to ``aside/``, in which it keeps its place; returns what was done."""
    place = run / ASIDE / path.relative_to(run)
    place.parent.mkdir(parents=True, exist_ok=True)
    number, free = 2, place
    while os.path.lexists(free):
        free, number = place.with_name(f"{place.name}-{number}"), number + 1
    os.replace(path, free)
    return f"moved to {free.relative_to(run)}"
