"""``doctor.py``: checks run directories, and repairs them by setting aside what is broken, never by deleting."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.doctor.checkpoints import checkpoints
from genlab.apps.doctor.finding import ASIDE, Finding, set_aside
from genlab.apps.doctor.record import configuration, overrides, read_or_none, summary, wandb_id
from genlab.apps.doctor.rows import rows
from genlab.apps.doctor.screen import report
from genlab.console import say, show
from genlab.contracts import CheckpointError, DataError
from genlab.data.store.handover import ARRAYS
from genlab.data.store.handover import NAME as PREPARED
from genlab.runs.directory import RunDirectory, point_latest
from genlab.runs.find import follow_latest
from genlab.runs.heartbeat import is_locked, known_of, last_sign, lives_elsewhere
from genlab.runs.listing import runs_in
from genlab.runs.summary import NAME, RUNNING


def run(cfg: DictConfig, typed: list[str], run_dir: Path | None = None) -> int:
    """Check the run, or every run below the folder; returns 0 if all are well, or have been repaired, else 3.

    Raises:
        CheckpointError: there is no run.
        DataError: a repair cannot be written.
    """
    folder = Path(cfg.run).expanduser()
    if cfg.check_only:
        show("all checks passed; nothing was looked at")
        return 0
    runs = [*runs_in(run_folder(folder))]
    if not runs:
        raise CheckpointError(
            f"run={folder}: there is no run in {folder}. Give a run, or a folder of runs: {cfg.paths.runs}"
        )
    runs = [path for path in runs if not is_alive(path)]
    found = list(faults(runs, cfg.deep, list(cfg.trust)))
    if not found or not cfg.repair:
        show(report(found, runs))
        return 3 if found else 0
    for finding in found:
        mend(finding)
    left = list(faults(runs, cfg.deep, list(cfg.trust)))
    show(report(left, runs))
    return 3 if left else 0


def run_folder(path: Path) -> Path:
    """The folder that the user has named; of a checkpoint, that of its run.

    Raises:
        CheckpointError: it does not exist.
    """
    if not path.exists():
        raise CheckpointError(f"run={path}: {path} does not exist. Give a run, or a folder of runs.")
    path = follow_latest(path)
    return (path if path.is_dir() else path.parent.parent).resolve()


def is_alive(path: Path) -> bool:
    """Whether the run is being trained, here or elsewhere; then a line says that it is left alone."""
    values = known_of(path)
    elsewhere = lives_elsewhere(values)
    if elsewhere or is_locked(path):
        where = f": {last_sign(values)}" if elsewhere else ""
        say(f"note      {path} is being trained{where}; it is left alone")
        return True
    return False


def faults(runs: list[Path], deep: bool, trust: list[str]) -> Iterator[Finding]:
    """Everything that is wrong with runs that nobody trains."""
    for path in runs:
        values, plain = read_or_none(path)
        status = (values or {}).get("status") or "absent"
        state = "stale" if status == RUNNING else status
        yield from leftovers(path)
        yield from checkpoints(path, state)
        yield from rows(path, (values or {}).get("steps", 0))
        yield from configuration(path, plain, state, trust)
        yield from overrides(path, deep)
        yield from summary(path, values, state)
        yield from wandb_id(path, plain or {}, values or {"wandb_id": "unknown"})
        if deep:
            from genlab.apps.doctor.from_checkpoint import contents

            yield from contents(path)
    yield from dangling({path.parent for path in runs})


def leftovers(run: Path) -> Iterator[Finding]:
    """Files that a killed process has left half-written, and what was handed to ranks that are gone."""
    halves = [path for path in run.rglob(".*.tmp") if ASIDE not in path.relative_to(run).parts]
    for path in sorted([*halves, *(run / name for name in (PREPARED, ARRAYS) if (run / name).exists())]):
        where, what = path.relative_to(run).as_posix(), "left by a process that was killed"
        yield Finding(run, where, what, "It is of no use: repair=true", partial(set_aside, run, path))


def dangling(parents: Iterable[Path]) -> Iterator[Finding]:
    """Pointers ``latest`` to a run that is not there."""
    for parent in sorted(parents):
        latest = parent / "latest"
        if os.path.lexists(latest) and not follow_latest(latest).is_dir():
            runs = sorted((path / NAME for path in runs_in(parent) if (path / NAME).exists()), key=os.path.getmtime)
            newest = runs[-1].parent if runs else None
            remedy = f"Point it at {newest.name}: repair=true" if newest else "There is no run to point at"
            yield Finding(parent, "latest", "points at no run", remedy, partial(pointed, newest) if newest else None)


def pointed(run: Path) -> str:
    """Point ``latest`` at the run."""
    point_latest(RunDirectory(run))
    return f"points at {run.name}"


def mend(finding: Finding) -> None:
    """Repair one fault, if it can be, while nobody else may train the run; say what was done.

    Raises:
        DataError: the run cannot be written.
    """
    if finding.mend is None:
        return
    directory = RunDirectory(finding.run)
    try:
        directory.hold()
        try:
            say(f"repaired  {finding.run / finding.where}: {finding.mend()}")
        finally:
            directory.release()
    except CheckpointError as error:
        say(f"note      {finding.run / finding.where} cannot be repaired: {error}")
    except OSError as error:
        raise DataError(f"cannot repair {finding.run}: {error}. Make room, or make the folder writable.") from error
