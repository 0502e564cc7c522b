"""How a run ends: nothing is called done that is not on the disk, and no rank outlives the first."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import lightning.pytorch as pl

from genlab.apps.train.strategy import DataParallel
from genlab.callbacks.checkpoints import Checkpoints
from genlab.contracts import GenlabError
from genlab.models.base.model import Model
from genlab.runs.directory import RunDirectory
from genlab.runs.summary import NAME
from genlab.runs.writing import missing

PATIENCE = 10.0  # seconds for the other ranks to end


def require_weights(trainer: pl.Trainer, model: Model, checkpoints: Checkpoints) -> None:
    """On rank 0, try a last time to save the trained weights where that has failed.

    Raises:
        GenlabError: it fails again.
    """
    io: Any = trainer.strategy.checkpoint_io
    if trainer.is_global_zero and not io.try_again(checkpoints.folder / "last.ckpt"):
        raise GenlabError(f"the training is done after batch {model.batches_seen:,}, {checkpoints.lost()}")


def require_records(directory: RunDirectory) -> None:
    """Refuse to call a run done of which the results are on the screen only.

    Raises:
        GenlabError: ``summary.json`` or ``metrics.csv`` could not be written.
    """
    if lost := missing(directory.path / NAME, directory.path / "metrics.csv"):
        remedy = f"Make room; resume=auto run_id={directory.run_id} tests again"
        raise GenlabError(f"the weights are saved, but not {' and '.join(lost)}. {remedy}")


def stop_other_ranks(trainer: pl.Trainer) -> list[subprocess.Popen[bytes]]:
    """Ask the ranks that Lightning has started to end; returns their processes."""
    strategy = trainer.strategy
    if not isinstance(strategy, DataParallel):
        return []
    strategy.adopt()
    started = list(strategy.started.values())
    for process in started:
        process.terminate()
    return started


def await_ranks(started: list[subprocess.Popen[bytes]], patience: float = PATIENCE) -> None:
    """Wait for the processes; kill those that wait for this rank in a collective, and would for ever."""
    until = time.monotonic() + patience
    for process in started:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
