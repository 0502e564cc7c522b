"""``summary.json``: what a run is and what came of it, kept up to date throughout."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genlab.console import say
from genlab.contracts import CheckpointError, GenlabError, Stopped
from genlab.files import read_record, write_json

NAME = "summary.json"
ANEW = "Start a new run from its weights: init_from={folder}"
FINISHED, RUNNING, FAILED = "finished", "running", "failed"
HEARTBEAT = "heartbeat"
ERROR = "error"  # why the run has failed, or what of a finished one could not be written, in one line
WAITING = "waiting"  # for its job to be started by the scheduler
STATUS = {75: "preempted", 129: "interrupted", 130: "interrupted", 143: "interrupted"}
PACKAGES = ("genlab", "torch", "lightning", "torchmetrics", "torch-fidelity", "hydra-core", "wandb", "numpy")


class Summary:
    """A JSON file that is rewritten atomically on every update, from any thread.

    While the status is ``running`` each write has a time stamp, by which other machines see that the run is alive.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.RLock()
        self.values: dict[str, Any] = read_summary(path) if path.is_file() else {}

    def update(self, **values: Any) -> None:
        """Set some values and write the file; non-finite numbers are left out of ``metrics``.

        A new status takes the ``error`` away that belonged to the one before.
        """
        if "metrics" in values:
            values["metrics"] = {k: v for k, v in values["metrics"].items() if math.isfinite(v)}
        with self.lock:
            if values.get("status", self.values.get("status")) != self.values.get("status"):
                self.values.pop(ERROR, None)
            self.values |= values
            self.values.pop(HEARTBEAT, None)
            if self.values.get("status") == RUNNING:
                self.values[HEARTBEAT] = time_stamp()
            write_json(self.path, self.values)

    def beat(self) -> None:
        """Renew the time stamp, unless the run has ended."""
        with self.lock:
            if self.values.get("status") == RUNNING:
                self.update()


def time_stamp() -> dict[str, Any]:
    """When, and by which process of which machine."""
    return {"time": datetime.now(UTC).isoformat(timespec="seconds"), "host": host(), "pid": os.getpid()}


def host() -> str:
    """The name of this machine."""
    return platform.node()


def read_summary(path: Path) -> dict[str, Any]:
    """The content of a summary.

    Raises:
        CheckpointError: it is cut or something else.
    """
    return read_record(path, ANEW.format(folder=path.parent))


def whole_summaries(paths: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each summary with its path, read one by one; a line says which are left out because they cannot be read."""
    for path in paths:
        try:
            found = read_summary(path)
        except CheckpointError as error:
            say(f"note      left out: {error}")
            continue
        yield path, found


def status_of(error: BaseException) -> tuple[str, int]:
    """The status in the summary and the exit code of a run that ended early."""
    if isinstance(error, Stopped):
        return STATUS[error.exit_code], error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    return FAILED, error.exit_code if isinstance(error, GenlabError) else 1


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that affect results."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a checkout that is not installed
    return found
