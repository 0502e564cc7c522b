"""Reasons to stop that are not the end of the last epoch: enough batches, or a signal."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

import lightning.pytorch as pl
import torch

from genlab.callbacks.checkpoints import LOOK_EVERY, Checkpoints
from genlab.contracts import Stopped
from genlab.models.base import Model

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGUSR1": 75}


class MaxSteps(pl.Callback):
    """Stops after so many batches, whatever Lightning's own count of optimiser steps."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ask the loop to end; it validates once more and leaves."""
        if pl_module.batches_seen >= self.batches and not pl_module.inside_update(batch_idx):
            trainer.should_stop = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """A resumed run may have had its batches already."""
        trainer.should_stop = trainer.should_stop or pl_module.batches_seen >= self.batches


class Signals(pl.Callback):
    """Ctrl-C, SIGTERM and SIGUSR1 raise a flag; between two updates the ranks look at it together, save, and leave.

    A second Ctrl-C ends the program at once, without saving.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.received: str | None = None
        self.before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the signals over; Lightning has installed its own handlers by now."""
        for name in CODES:
            if hasattr(signal, name):
                number = getattr(signal, name)
                self.before[number] = signal.signal(number, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Only remember; nothing is saved inside a handler."""
        name = signal.Signals(number).name
        if self.received == "SIGINT" == name:
            raise KeyboardInterrupt
        self.received = self.received or name

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save and leave, all ranks in the same batch."""
        if trainer.is_last_batch or pl_module.inside_update(batch_idx):
            return
        if trainer.world_size > 1 and pl_module.batches_seen % LOOK_EVERY:
            return
        self.leave_if_asked(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """The last batch of an epoch is followed by its validation; look after that."""
        self.leave_if_asked(trainer, pl_module)

    def leave_if_asked(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Every rank takes the same decision."""
        names = list(CODES)
        code = names.index(self.received) + 1 if self.received else 0
        if trainer.world_size > 1:
            code = int(trainer.strategy.reduce(torch.tensor(float(code)), reduce_op="max").item())
        if code == 0:
            return
        self.checkpoints.write(trainer, "last.ckpt")
        name = names[code - 1]
        raise Stopped(
            CODES[name], f"stopped by {name} after batch {pl_module.batches_seen}; saved. Continue: resume=auto"
        )

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give the signals back."""
        while self.before:
            number, handler = self.before.popitem()
            signal.signal(number, handler)
