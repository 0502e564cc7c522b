"""The run directory: created once, locked by one process, and enough to repeat the run."""

from __future__ import annotations

import datetime
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from genlab.contracts import CheckpointError, DataError
from genlab.files import replacing
from genlab.runs.heartbeat import LOCK, held_by_another, require_dead
from genlab.runs.summary import NAME, Summary

CONFIG, OVERRIDES = "config.yaml", "overrides.txt"
PROBED = 0.5  # seconds to wait for a lock that another process may only be asking about
WRITTEN = {"model", "data", "trainer", "paths", "choices"}  # from the first to the last key of ``config.yaml``


class RunDirectory:
    """One run's folder. While it is open, ``resume=auto`` in another process will not pick it up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FileLock(path / LOCK)

    @property
    def run_id(self) -> str:
        """The time stamp, or the value of ``run_id=``."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """The folder that contains ``last.ckpt``."""
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        """The file with what was printed."""
        return self.path / "log.txt"

    @cached_property
    def summary(self) -> Summary:
        """``summary.json``: one object for all who write it."""
        return Summary(self.path / NAME)

    def hold(self) -> None:
        """Acquire the lock.

        Raises:
            ConfigError: another process is training this run, here or on another machine.
        """
        try:
            self.lock.acquire(timeout=PROBED)
        except Timeout:
            raise held_by_another(self.path) from None
        try:
            require_dead(self.path)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock."""
        self.lock.release()

    def configuration(self) -> dict[str, Any]:
        """The content of ``config.yaml``, as plain dicts.

        Raises:
            CheckpointError: it is missing, cut, or something else.
        """
        path = self.path / CONFIG
        try:
            plain: Any = OmegaConf.to_container(OmegaConf.load(path))
            if isinstance(plain, dict) and plain.keys() >= WRITTEN:
                return plain
            reason = "it is cut"
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
        remedy = f"Start a new run from its weights: init_from={self.path}"
        raise CheckpointError(f"{path} cannot be read ({reason}). {remedy}")

    def write_configuration(self, cfg: DictConfig, overrides: list[str]) -> None:
        """Write ``config.yaml``, resolved, and ``overrides.txt``: as typed, after those of the run that is continued."""
        with replacing(self.path / CONFIG) as file:
            file.write(OmegaConf.to_yaml(cfg, resolve=True))
        with replacing(self.path / OVERRIDES) as file:
            file.writelines(f"{override}\n" for override in overrides)


def make(parent: Path, run_id: str | None) -> RunDirectory:
    """Create a new folder in ``parent``, named ``run_id`` (default: the time), plus ``-2`` … if that name is taken.

    Raises:
        DataError: the folder cannot be created.
    """
    wanted = run_id or datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    number = 1
    while True:
        path = parent / (wanted if number == 1 else f"{wanted}-{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise DataError(
                f"cannot make the run directory {path}: {error}. Choose another place: paths.runs=…"
            ) from None
        else:
            return RunDirectory(path)


def point_latest(directory: RunDirectory) -> None:
    """Point ``latest``, next to the run, at it: a symlink, or a text file where symlinks are not available."""
    latest = directory.path.with_name("latest")
    part = latest.with_name(f".latest.{os.getpid()}.tmp")
    try:
        part.unlink(missing_ok=True)
        part.symlink_to(directory.run_id, target_is_directory=True)
        os.replace(part, latest)
    except OSError:
        with replacing(latest) as file:
            file.write(directory.run_id + "\n")
