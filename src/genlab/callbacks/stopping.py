"""Stopping before the last epoch: by a limit on batches, a limit on time, or a signal."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Timer

from genlab.callbacks.checkpoints import LOOK_EVERY, Checkpoints, passed
from genlab.contracts import GenlabError, Stopped
from genlab.models.base.distributed import largest_flag
from genlab.models.base.model import Model
from genlab.signals import CODES, Signals


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


class StopOnSignal(pl.Callback):
    """During ``fit`` signals are recorded; between two updates all ranks check them together, save, and stop.

    In validations and tests outside of ``fit`` a signal ends the process at once: the weights have been saved.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.signals: Signals | None = None
        self.looked = 0  # batches seen when the ranks last looked

    def attach(self, received: Signals) -> None:
        """Set where the signals are recorded."""
        self.signals = received

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record only; Lightning restores the handlers before when training ends or fails."""
        if self.signals is not None:
            self.signals.defer()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take SIGTERM back from Lightning, which would speak to the other ranks inside of its handler."""
        if self.signals is not None:
            self.signals.install()

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

    def on_train_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Obey a signal that came after the last check; from here on signals end what is under way at once."""
        if self.signals is not None:
            self.signals.deferred = False
        self.leave_if_asked(trainer, pl_module, save=False)

    def leave_if_asked(self, trainer: pl.Trainer, pl_module: Model, save: bool = True) -> None:
        """Save and raise ``Stopped`` if any rank received a signal; an epoch cut short has been saved already.

        Raises:
            Stopped: a signal was received, and the weights are saved.
            GenlabError: a signal was received, and they could not be saved.
        """
        self.looked = pl_module.batches_seen
        names, received = list(CODES), self.signals.received if self.signals is not None else []
        code = largest_flag(names.index(received[0]) + 1 if received else 0)
        if code == 0:
            return
        if save and (trainer.is_last_batch or not trainer.should_stop):
            self.checkpoints.write(trainer, "last.ckpt")
        if self.signals is not None:
            self.signals.leave()
        name, batches = names[code - 1], pl_module.batches_seen
        if self.checkpoints.saved != batches:
            raise GenlabError(f"stopped by {name} after batch {batches}, {self.checkpoints.lost()}")
        raise Stopped(CODES[name], f"stopped by {name} after batch {batches}; saved. Continue: resume=auto")
