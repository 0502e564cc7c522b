"""Which folders are runs, and all of them below one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from genlab.contracts import CheckpointError
from genlab.runs.directory import CONFIG
from genlab.runs.summary import NAME, read_summary

SIGNS = (NAME, CONFIG, "checkpoints")  # a folder with one of these is a run


def runs_in(folder: Path) -> Iterator[Path]:
    """The folder if it is a run, else every run below it; links are not followed."""
    if is_run(folder):
        yield folder
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from runs_in(Path(entry.path))


def is_run(folder: Path) -> bool:
    """Whether a training has made the folder: its summary has a status, as those of other commands' results do not."""
    if not any((folder / name).exists() for name in SIGNS):
        return False
    if any((folder / name).exists() for name in (CONFIG, "checkpoints")):
        return True
    try:
        values = read_summary(folder / NAME)
    except CheckpointError:
        return True
    return not values or "status" in values
