"""The sweeps that runs belong to: how far each has come, and the pictures that it has drawn of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genlab.contracts import GenlabError
from genlab.pages.report.pictures import packed
from genlab.pages.report.record import Record
from genlab.pages.report.webp import SIDE, Packed
from genlab.sweeps.folder import SETTINGS, SweepFolder
from genlab.sweeps.progress import Progress, progress_of

SEEN = {  # what is on a picture, by how its name begins
    "heatmap": "the goal at each pair of values",
    "rate_distortion": "rate and distortion",
    "values": "the goal against each parameter",
    "map": "the goal as colour over two parameters",
    "parallel": "each cell a line through its values to its goal",
    "importance": "the share of each parameter in the goal",
    "history": "the goal of each cell in order, and the best so far",
}


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Args:
        name: its name.
        folder: where it lies.
        runs: which of the report's runs are its.
        progress: how far it has come; None where that cannot be read, or nothing has been chosen yet.
        fault: why it cannot be read.
        pictures: each with what is seen on it.
    """

    name: str
    folder: Path
    runs: tuple[int, ...]
    progress: Progress | None
    fault: str
    pictures: tuple[tuple[str, Packed], ...]


def sweeps_of(records: Sequence[Record]) -> list[Sweep]:
    """The sweeps that the runs belong to."""
    return [read(folder, runs) for folder, runs in members(records)]


def members(records: Sequence[Record]) -> list[tuple[Path, list[int]]]:
    """The folders of sweeps, each with its runs."""
    found: dict[Path, list[int]] = {}
    for run, record in enumerate(records):
        if (record.path.parent / SETTINGS).is_file():
            found.setdefault(record.path.parent, []).append(run)
    return list(found.items())


def read(folder: Path, runs: list[int]) -> Sweep:
    """One sweep, with the pictures in its ``images/``."""
    found = [(seen(path.stem), packed(path, SIDE)) for path in sorted((folder / "images").glob("*.png"))]
    pictures = tuple((words, picture) for words, picture in found if picture is not None)
    progress, fault = read_progress(folder)
    return Sweep(folder.parent.name, folder, tuple(runs), progress, fault, pictures)


def read_progress(folder: Path) -> tuple[Progress | None, str]:
    """How far a sweep has come, or why that cannot be read: its files may be cut, or edited by hand."""
    try:
        found = progress_of(SweepFolder(folder))
    except (GenlabError, OSError, ValueError, KeyError, TypeError) as error:
        return None, " ".join(str(error).replace(f"{folder}/", "").split()) or type(error).__name__
    return (found, "") if found.counts.total() else (None, "")


def seen(name: str) -> str:
    """What is seen on a picture: ``heatmap_beta_latent_dim`` -> ``the goal at each pair of values (beta latent dim)``."""
    kind = next((kind for kind in SEEN if re.match(rf"{kind}(_|$)", name)), None)
    if kind is None:
        return name
    rest = name.removeprefix(kind).strip("_").replace("_", " ")
    return f"{SEEN[kind]} ({rest})" if rest else SEEN[kind]
