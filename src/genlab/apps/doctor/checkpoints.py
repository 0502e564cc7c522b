"""Checkpoints: whether each is what was saved, and whether the run has one to go on from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from genlab.apps.doctor.finding import Finding, set_aside
from genlab.contracts import CheckpointError
from genlab.files import is_sound_zip, sha256, temporary
from genlab.runs import manifest
from genlab.runs.summary import FINISHED


def checkpoints(run: Path, state: str) -> Iterator[Finding]:
    """Faults of the list of digests, of each file, and of ``last.ckpt``, which a run goes on from."""
    folder = run / "checkpoints"
    files, last, previous = sorted(folder.glob("*.ckpt")), folder / "last.ckpt", folder / "previous.ckpt"
    yield from faults_of_list(run, files)
    damaged = [file for file in files if not is_whole(file)]
    usable = previous if previous in files and previous not in damaged else None
    for file in damaged:
        before = usable if file == last else None
        remedy = f"It is not read: {usable.name} is taken in its place" if before and usable else "It is of no use"
        what = "damaged: its bytes are not those that were saved"
        yield Finding(run, name(run, file), what, remedy, partial(replace, run, file, before))
    if last not in files and usable:
        remedy = f"{usable.name} is taken in its place"
        yield Finding(run, name(run, last), "missing", remedy, partial(replace, run, last, usable))
    elif last not in files and state == FINISHED:
        remedy = "Its weights are lost: train it again"
        yield Finding(run, name(run, last), "missing, though the run is finished", remedy)


def faults_of_list(run: Path, files: list[Path]) -> Iterator[Finding]:
    """Whether there is a list of digests that can be read."""
    path = run / "checkpoints" / manifest.NAME
    try:
        if manifest.entries(path.parent) or not files:
            return
        what = "missing: damage is seen by the files' own checksums only"
    except CheckpointError:
        what = "cannot be read"
    yield Finding(
        run, name(run, path), what, "List the files that are sound: repair=true", partial(list_anew, run, path)
    )


def is_whole(file: Path) -> bool:
    """Whether the file is the one that was saved; by its own checksums where the list of digests is broken."""
    try:
        return manifest.is_whole(file)
    except CheckpointError:
        return is_sound_zip(file)


def list_anew(run: Path, path: Path) -> str:
    """Set a broken list aside, and list the files whose checksums are right."""
    done = f"{set_aside(run, path)}; " if path.exists() else ""
    sound = [file for file in sorted(path.parent.glob("*.ckpt")) if is_sound_zip(file)]
    for file in sound:
        manifest.list_also(path.parent, file.name, sha256(file))
    return f"{done}listed {len(sound)} sound files"


def replace(run: Path, file: Path, before: Path | None) -> str:
    """Set a damaged checkpoint aside; where there is one ``before`` it, a copy of that takes its place."""
    done = set_aside(run, file) if file.exists() else ""
    if before is None:
        return done
    with temporary(file) as part:
        shutil.copyfile(before, part)
    return f"{done}{'; ' if done else ''}{file.name} is now a copy of {before.name}"


def name(run: Path, path: Path) -> str:
    """A file's place in the run."""
    return path.relative_to(run).as_posix()
