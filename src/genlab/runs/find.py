"""Resolves which run a command refers to: a new one, one to resume, or the one that a checkpoint belongs to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab.config import renamed
from genlab.console import say
from genlab.contracts import CheckpointError, ConfigError, DataError, DataSpec, Problem
from genlab.data.store.handover import ARRAYS, NAME, hand_over
from genlab.data.store.source import PreparedData
from genlab.interop.reference import reference_files
from genlab.rank_environment import SIGNS, announce, launcher, withdraw
from genlab.runs import manifest
from genlab.runs.digest import config_digest
from genlab.runs.directory import RunDirectory, make, point_latest
from genlab.runs.ended import end, without_checkpoint
from genlab.runs.heartbeat import Heartbeat, state_of
from genlab.runs.summary import FINISHED, RUNNING, WAITING, read_summary, whole_summaries
from genlab.runs.summary import NAME as SUMMARY
from genlab.runs.writing import reason


@dataclass(frozen=True)
class Run:
    """The run to train: a new one, or an existing one to resume from its checkpoint."""

    digest: str
    parent: Path
    run_id: str | None = None
    existing: RunDirectory | None = None
    checkpoint: Path | None = None
    child_of: Path | None = None  # on ranks other than 0: the directory that rank 0 created and has locked

    @contextmanager
    def open(self, cfg: DictConfig, overrides: list[str], prepared: PreparedData) -> Iterator[RunDirectory]:
        """Make or take the directory, and hold it; where further ranks come, the prepared set lies in it meanwhile."""
        if self.child_of is not None:
            yield RunDirectory(self.child_of)
            return
        directory = self.existing or make(self.parent, self.run_id)
        runs = Path(cfg.paths.runs).expanduser()
        with self.writable(directory):
            directory.hold()
        try:
            with self.writable(directory):
                self.begin(directory, cfg, overrides, prepared)
            with Heartbeat(directory.summary):
                yield directory
        except BaseException as error:
            end(directory, error)
            raise
        finally:
            withdraw(runs)
            for name in (NAME, ARRAYS):
                (directory.path / name).unlink(missing_ok=True)
            directory.release()

    def begin(self, directory: RunDirectory, cfg: DictConfig, overrides: list[str], prepared: PreparedData) -> None:
        """Write what a run begins with: the summary first, by which ``resume=auto`` finds it after a kill."""
        directory.summary.update(**self.named(directory, cfg, prepared.spec))
        directory.write_configuration(cfg, overrides)
        if launcher() is not None or (cfg.trainer.devices, cfg.trainer.num_nodes) != (1, 1):
            shutil.rmtree(directory.path / SIGNS, ignore_errors=True)  # of ranks that were killed
            hand_over(prepared, directory.path)
        point_latest(directory)
        announce(directory.path, Path(cfg.paths.runs).expanduser())

    @contextmanager
    def writable(self, directory: RunDirectory) -> Iterator[None]:
        """Write into the directory inside.

        Raises:
            DataError: it cannot be written to; a new one is removed.
        """
        try:
            yield
        except OSError as error:
            if self.existing is None:
                shutil.rmtree(directory.path, ignore_errors=True)
            what = f"cannot write the run directory {directory.path}: {reason(error)}"
            raise DataError(f"{what}. Make room, or choose another place: paths.runs=DIR") from error

    def named(self, directory: RunDirectory, cfg: DictConfig, spec: DataSpec) -> dict[str, Any]:
        """What ``summary.json`` says before anything else is known."""
        return {
            "name": cfg.name,
            "run_id": directory.run_id,
            "model": cfg.choices.model,
            "data": cfg.choices.data,
            "status": RUNNING,
            "config_digest": self.digest,
            "data_digest": spec.digest,
        }


def choose_run(cfg: DictConfig, spec: DataSpec, run_dir: Path | None, child_of: Path | None) -> Run:
    """The run that ``resume`` and ``run_id`` select. ``run_dir``: the directory a multirun assigned to this job.

    Raises:
        CheckpointError: ``resume`` names a missing path, something that is not a checkpoint, or a run on other images.
        ConfigError: ``run_id`` belongs to a run with another configuration.
    """
    digest = config_digest(cfg, spec.digest)
    name = cfg.name
    parent, run_id = Path(cfg.paths.runs).expanduser() / name, cfg.run_id
    if run_dir is not None:
        parent, run_id = run_dir.parent, cfg.run_id or run_dir.name
    if child_of is not None:
        checkpoint = None if cfg.resume is None else checkpoint_of(RunDirectory(child_of), path_of(cfg))
        return Run(digest, parent, checkpoint=checkpoint, child_of=child_of)
    if cfg.resume is None:
        return Run(digest, parent, run_id)
    given = path_of(cfg)
    if given is not None:
        directory = run_of(given)
        spec.require_same_images(read_summary(directory.path / SUMMARY).get("data_digest", spec.digest))
        return continue_run(directory, digest, given)
    return automatic(parent, run_id, digest)


def automatic(parent: Path, run_id: str | None, digest: str) -> Run:
    """``resume=auto``: the run with this id, else the newest unfinished one of this configuration, else a new one."""
    if run_id is not None:
        directory = RunDirectory(parent / run_id)
        if not directory.path.is_dir():
            return Run(digest, parent, run_id)
        path = directory.path / SUMMARY  # missing if the process was killed before writing it
        if path.is_file() and read_summary(path).get("config_digest") != digest:
            what = f"{directory.path} is a run with another configuration or other data"
            raise ConfigError([Problem("run_id", what, "Give the run another run_id, or leave resume=auto out.")])
        return continue_run(directory, digest)
    for path, summary in whole_summaries(newest_first(parent)):
        directory = RunDirectory(path.parent)
        unfinished = summary.get("status") not in (FINISHED, WAITING) and summary.get("config_digest") == digest
        if unfinished and state_of(directory.path) != RUNNING:
            return continue_run(directory, digest)
    say(f"resume    nothing to continue in {parent}: no unfinished run of this configuration, so a new one begins")
    return Run(digest, parent)


def newest_first(parent: Path) -> list[Path]:
    """Summaries of the runs in ``parent``, most recently written first (a run id need not be a time stamp)."""
    found = [path for path in parent.glob(f"*/{SUMMARY}") if not path.parent.is_symlink()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path), reverse=True)


def path_of(cfg: DictConfig) -> Path | None:
    """The path that ``resume=PATH`` names; None for ``resume=auto``."""
    return None if cfg.resume == "auto" else follow_latest(Path(cfg.resume).expanduser())


def follow_latest(path: Path) -> Path:
    """Where ``latest`` points that is a text file, as where links are impossible; any other path as it is."""
    return path.with_name(path.read_text().strip()) if path.is_file() and path.name == "latest" else path


def continue_run(directory: RunDirectory, digest: str, given: Path | None = None) -> Run:
    """The run, from the checkpoint that was given or from its last; from the start if it has none yet.

    Raises:
        CheckpointError: the file is not a checkpoint.
    """
    checkpoint = checkpoint_of(directory, given)
    if checkpoint is not None:
        manifest.require_checkpoint(checkpoint)
    return Run(digest, directory.path.parent, existing=directory, checkpoint=checkpoint)


def checkpoint_of(directory: RunDirectory, given: Path | None) -> Path | None:
    """The given checkpoint file, else the run's last one, else None. All ranks get the same answer."""
    checkpoint = given if given is not None and given.is_file() else directory.checkpoints / "last.ckpt"
    exists = checkpoint.exists() or checkpoint.with_name("previous.ckpt").exists()
    return checkpoint if exists else None


def require_of_today(directory: RunDirectory, checkpoint: Path) -> None:
    """Refuse a run of an earlier version, whose checkpoint stores the optimisers in a different order.

    Raises:
        CheckpointError: with the remedy.
    """
    plain = directory.configuration()
    if renamed.is_old(plain):
        raise CheckpointError(
            f"resume={directory.path}: an earlier version of genlab made this run, and kept its optimisers in another "
            f"order. Start a new run from its weights: init_from={checkpoint}"
        )


def run_of(path: Path) -> RunDirectory:
    """The run directory of ``resume=PATH``: the folder itself, or the one that contains the checkpoint.

    Raises:
        CheckpointError: there is no such run directory.
    """
    folder = path.parent.parent if path.is_file() else path
    if not (folder / SUMMARY).is_file():
        there = "is not a run directory or a checkpoint in one" if path.exists() else "does not exist"
        raise CheckpointError(f"resume={path}: {path} {there}. Give runs/<name>/<run_id>, or resume=auto.")
    return RunDirectory(folder.resolve())


def checkpoint_file(path: Path, key: str = "ckpt") -> Path:
    """Resolve ``ckpt=PATH``: a checkpoint file, a run directory's last checkpoint, or reference weights (unchanged).

    Raises:
        CheckpointError: the path does not exist, has no checkpoint, or is not one.
    """
    path = path.expanduser()
    if not path.exists():
        raise CheckpointError(f"{key}={path}: {path} does not exist. Give a run directory, {key}=runs/<name>/<run_id>.")
    if reference_files(path):
        return path
    path = follow_latest(path)
    if path.is_dir():
        last = path / "checkpoints" / "last.ckpt"
        if not last.exists() and not last.with_name("previous.ckpt").exists():
            raise without_checkpoint(path, key)
        return last
    manifest.require_checkpoint(path)
    return path


def folder_of(checkpoint: Path) -> Path:
    """The run directory of a checkpoint, or the folder that it lies in by itself."""
    folder = checkpoint.resolve().parent
    return folder.parent if folder.name == "checkpoints" else folder
