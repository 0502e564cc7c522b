"""Directions in the space of codes along which an attribute changes, as ``analyze.py what=attributes`` has found them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genlab.console import say

FILE = "directions.npz"


@dataclass(frozen=True)
class Directions:
    """``steps`` [A, D]: what is added to a code to raise the attribute of that name by one."""

    names: tuple[str, ...] = ()
    steps: tuple[tuple[float, ...], ...] = ()


def newest_directions(run: Path, size: int) -> Directions:
    """The newest file of a run that fits codes of ``size`` numbers; none where there is none, or a line that says why."""
    found = sorted(run.glob(f"analyze/**/{FILE}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found:
        try:
            return read(path, size)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            say(f"note      {path} is left out: {' '.join(str(error).split())}")
    return Directions()


def read(path: Path, size: int) -> Directions:
    """The arrays ``names`` [A] and ``directions`` [A, D] of a file.

    Raises:
        ValueError: they do not fit each other or the codes, or are no numbers.
    """
    with np.load(path, allow_pickle=False) as file:
        names, steps = np.asarray(file["names"]), np.asarray(file["directions"], np.float64)
    if steps.shape != (len(names), size):
        raise ValueError(f"directions are {list(steps.shape)} of {len(names)} names, and codes have {size} numbers")
    if not np.isfinite(steps).all():
        raise ValueError("a direction is not finite")
    return Directions(tuple(map(str, names.tolist())), tuple(map(tuple, steps.tolist())))
