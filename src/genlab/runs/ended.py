"""Runs that did not come to their end: what they leave, and what is said to whoever looks for their checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from genlab.console import note, program, tee
from genlab.contracts import CheckpointError, last_words, one_line
from genlab.runs.directory import RunDirectory
from genlab.runs.heartbeat import is_locked, known_of, lives_elsewhere
from genlab.runs.summary import ERROR, FAILED, FINISHED, RUNNING, WAITING, status_of
from genlab.runs.writing import attempt


def end(directory: RunDirectory, error: BaseException) -> None:
    """Say in the summary and the log what has ended a run. A run that was refused has left no directory to say it in."""
    if directory.path.is_dir():
        keep_reason(directory, error)
        with tee(directory.log, attempt):
            note(last_words(error))


def keep_reason(directory: RunDirectory, error: BaseException) -> None:
    """The status of a run that had no time to write it, and the reason of a failure, in one line."""
    summary, (status, _) = directory.summary, status_of(error)
    known = summary.values.get("status")
    if known is None:
        return  # nothing of it has been written yet
    values = {"status": status if known == RUNNING else known} | ({ERROR: one_line(error)} if status == FAILED else {})
    with attempt(summary.path):
        summary.update(**values)


def reason_in(run: Path) -> str:
    """Why a run has failed: what its summary says; where an earlier release wrote that, where to look."""
    return known_of(run).get(ERROR) or f"{RunDirectory(run).log} may say why"


def without_checkpoint(path: Path, key: str) -> CheckpointError:
    """The error for a folder without a checkpoint, by what has become of the run. ``key``: as which it was typed."""
    said = f"{key}={path}: "
    if (path / "latest").exists():
        return CheckpointError(f"{said}{path} holds several runs. Give a run directory, {key}={path}/latest.")
    values = known_of(path)
    status, last = values.get("status"), path / "checkpoints" / "last.ckpt"
    if status is None:
        remedy = f"Give a run directory, {key}=runs/<name>/<run_id>."
        return CheckpointError(f"{said}{path} has no checkpoint ({last} is missing). {remedy}")
    run = path.resolve()
    if status == WAITING or is_locked(path) or lives_elsewhere(values):
        doing = "waits for its job" if status == WAITING else "is being trained"
        return CheckpointError(f"{said}the run {run.name} {doing}, and has no checkpoint yet. Wait for its first.")
    became = {
        FAILED: f"failed before its first checkpoint: {reason_in(path)}",
        FINISHED: f"is finished, and has no checkpoint: {last} is missing (trainer.fast_dev_run saves none)",
    }.get(status, "was stopped before its first checkpoint")
    return CheckpointError(f"{said}the run {run.name} {became}\n    {remedies(run, key)}")


def remedies(run: Path, key: str) -> str:
    """What to type in place of a run without a checkpoint."""
    other = newest_saved(run.parent)
    named = shown(other) if other else "runs/<name>/<run_id>"
    return f"Name a run that has one: {key}={named}\n    or train it again: {again(run)}"


def again(run: Path) -> str:
    """The command that begins a run again which has no checkpoint, or goes on from the one that it has."""
    return f"{program('train')} resume={shown(run)}, with what has to differ typed beside it"


def newest_saved(parent: Path) -> Path | None:
    """Of the runs in a folder the one with the newest checkpoint; None without any."""
    found = [file for name in ("last", "previous") for file in parent.glob(f"*/checkpoints/{name}.ckpt")]
    runs = [(file.stat().st_mtime_ns, file.parents[1]) for file in found if not file.parents[1].is_symlink()]
    return max(runs)[1] if runs else None


def shown(path: Path) -> Path:
    """A path as it is typed from here."""
    return path.relative_to(os.getcwd()) if path.is_relative_to(os.getcwd()) else path
