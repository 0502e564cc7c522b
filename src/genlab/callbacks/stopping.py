"""Stopping before the last epoch: by a limit on batches, a limit on time, or a signal."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Timer

from genlab.callbacks.checkpoints import LOOK_EVERY, Checkpoints, passed
from genlab.contracts import Stopped
from genlab.models.base.distributed import largest_flag
from genlab.models.base.model import Model

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGUSR1": 75}


class MaxSteps(pl.Callback):
    """Stops after ``batches`` batches (Lightning's ``max_steps`` counts optimiser steps instead)."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Set ``should_stop``; Lightning validates once more and ends the loop."""
        if pl_module.batches_seen >= self.batches and not pl_module.inside_update():
            trainer.should_stop = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Stop at once if a resumed run has reached the limit already."""
        trainer.should_stop = trainer.should_stop or pl_module.batches_seen >= self.batches


class MaxTime(Timer):
    """Stops after a duration. Lightning's ``Timer`` runs after the saves and would stop inside an update."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the time, only between two updates."""
        if not pl_module.inside_update():
            super().on_train_batch_end(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Empty: Lightning would warn a resumed run that has no time limit."""
        return {}

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the elapsed training time."""
        checkpoint["time"] = super().state_dict()

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the elapsed training time."""
        self.load_state_dict(checkpoint.get("time", {}))


class Signals(pl.Callback):
    """Ctrl-C, SIGTERM and SIGUSR1 set a flag; between two updates all ranks check it together, save, and stop.

    A second Ctrl-C ends the program at once, without saving. The first signal determines the exit code.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.received: list[str] = []
        self.looked = 0  # batches seen when the ranks last looked

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Install our handlers; Lightning restores the original ones when training ends or fails."""
        for number in numbers(CODES):
            signal.signal(number, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Only record the signal: saving inside a handler is not safe."""
        name = signal.Signals(number).name
        if name == "SIGINT" and name in self.received:
            raise KeyboardInterrupt
        self.received.append(name)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save and stop if a signal was received, on all ranks after the same batch."""
        if trainer.is_last_batch or pl_module.inside_update():
            return
        if trainer.world_size > 1 and not passed(LOOK_EVERY, self.looked, pl_module.batches_seen):
            return
        self.leave_if_asked(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Check after the validation that follows the last batch of an epoch."""
        self.leave_if_asked(trainer, pl_module)

    def leave_if_asked(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Save and raise ``Stopped`` if any rank received a signal; an epoch cut short has been saved already."""
        self.looked = pl_module.batches_seen
        names = list(CODES)
        code = largest_flag(names.index(self.received[0]) + 1 if self.received else 0)
        if code == 0:
            return
        if trainer.is_last_batch or not trainer.should_stop:
            self.checkpoints.write(trainer, "last.ckpt")
        name = names[code - 1]
        raise Stopped(
            CODES[name], f"stopped by {name} after batch {pl_module.batches_seen}; saved. Continue: resume=auto"
        )


def numbers(names: Iterable[str]) -> list[int]:
    """Numbers of the named signals that exist on this system."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


@contextmanager
def signals_end_at_once() -> Iterator[None]:
    """Outside of the training, where nothing is left to save: a signal ends what is inside at once, with its own exit code.

    Lightning by itself leaves with 1 at Ctrl-C and with 0 at SIGTERM, and does not know SIGUSR1. It calls our handler of
    SIGTERM after its own, which tells the ranks that it has started.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        Stopped: SIGTERM or SIGUSR1.
    """
    before = {number: signal.signal(number, leave) for number in numbers(("SIGTERM", "SIGUSR1"))}
    try:
        yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(number: int, frame: FrameType | None) -> None:
    """Signal handler: raise ``Stopped`` wherever the signal arrives."""
    name = signal.Signals(number).name
    raise Stopped(CODES[name], f"stopped by {name}")
