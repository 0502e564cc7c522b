"""When checkpoints are written, what they store besides weights and optimisers, and how it is restored exactly."""

from __future__ import annotations

import math
import time
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl
import torch

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.console import say
from genlab.models.base.distributed import from_rank_0, gather_by_rank
from genlab.models.base.model import Model
from genlab.runs import rng
from genlab.runs.writing import attempt, missing

SCHEMA = 1
LOOK_EVERY = 20  # batches between two looks at the clock where ranks have to agree


class Rows(Protocol):
    """A table that can be truncated to its first rows."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def truncate(self, rows: int) -> None:
        """Keep only the first ``rows`` rows."""
        ...

    def save(self) -> None:
        """Write buffered rows to disk."""
        ...


class Clock(Protocol):
    """Counts the seconds of a run, summed over all resumes."""

    @property
    def seconds(self) -> float:
        """Seconds of training so far, over all resumes."""
        ...

    def continue_from(self, seconds: float) -> None:
        """Continue counting from ``seconds``."""
        ...


class Checkpoints(pl.Callback):
    """Writes ``last.ckpt`` at the end of epochs, every n batches or every n minutes, always between two updates.

    Besides what Lightning stores, a checkpoint has: the configuration and the data set's description (so that it can
    be loaded on its own), the random state of every rank, the number of threads, the number of rows of each table, the
    best value so far, and the newest value of every metric.
    """

    def __init__(
        self,
        every_n_steps: PositiveInt | None,
        every_n_epochs: PositiveInt | None,
        every_minutes: PositiveFloat | None,
        best: bool,
    ) -> None:
        self.every_n_steps, self.every_n_epochs, self.every_minutes = every_n_steps, every_n_epochs, every_minutes
        self.keep_best = best
        self.folder = Path()
        self.identity: dict[str, Any] = {}  # what the checkpoint says about the run: configuration, data, W&B id
        self.tables: dict[str, Rows] = {}
        self.best: dict[str, Any] = {}
        self.random_state: dict[str, Any] | None = None
        self.threads_chosen = False  # by performance.threads=auto: a resume keeps the checkpoint's number
        self.saved: int | None = None  # batches seen in ``last.ckpt``
        self.saved_at = time.monotonic()
        self.after_validation = False  # whether a save waits for the validation that follows
        self.looked = 0  # batches seen when it was last asked whether a save is due

    def attach(self, folder: Path, identity: dict[str, Any], tables: dict[str, Rows], clock: Clock) -> None:
        """Set the folder, the run's identity, the tables that a resume truncates, and the run's clock."""
        self.folder, self.identity, self.tables, self.clock = folder, identity, tables, clock

    # ---- when ------------------------------------------------------------------------------------------------------

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save between two updates if due; the last batch is left to ``on_train_epoch_end``, after validation.

        A validation that follows within the epoch comes first: a resume goes on behind it, and would leave it out.
        """
        if trainer.is_last_batch or pl_module.inside_update():
            return
        due = self.is_due(trainer, pl_module)
        self.after_validation = due and validates_after(trainer, batch_idx)
        if trainer.should_stop or (due and not self.after_validation):
            self.write(trainer, "last.ckpt")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """After a validation within an epoch: save if that was put off."""
        if self.after_validation:
            self.after_validation = False
            self.write(trainer, "last.ckpt")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """After the epoch's validation: write ``best.ckpt`` if it is the best, ``last.ckpt`` if due.

        An epoch cut short was saved at its last batch, so that a resume continues from there.
        """
        self.consider_best(trainer, pl_module)
        if not trainer.is_last_batch:
            return
        epoch, epochs, due = trainer.current_epoch + 1, self.every_n_epochs, self.is_due(trainer, pl_module)
        over = trainer.should_stop or epoch == trainer.max_epochs
        if due or over or (epochs and epoch % epochs == 0):
            self.write(trainer, "last.ckpt")

    def is_due(self, trainer: pl.Trainer, pl_module: Model) -> bool:
        """Whether a save is due by ``every_n_steps`` or ``every_minutes``; rank 0's clock decides for all ranks.

        A save that becomes due inside an update is made after it.
        """
        before, self.looked = self.looked, pl_module.batches_seen
        if self.every_n_steps and passed(self.every_n_steps, before, self.looked):
            return True
        if not self.every_minutes or (trainer.world_size > 1 and not passed(LOOK_EVERY, before, self.looked)):
            return False
        due = time.monotonic() - self.saved_at > 60 * self.every_minutes
        return bool(from_rank_0(due))

    def consider_best(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Write ``best.ckpt`` when the monitored metric is better than ever before; non-finite values are ignored.

        If several metrics match the monitor, the first is used, and kept as long as it is measured: values of different
        metrics are never compared.
        """
        names = [name for name in pl_module.measured if fnmatchcase(name, f"{pl_module.monitor}*")]
        if not self.keep_best or not names:
            return
        before, best = self.best.get("metric"), self.best
        name = before if before in names else names[0]
        value = pl_module.measured[name]
        sign = -1 if pl_module.monitor_goal == "maximize" else 1
        if math.isfinite(value) and (name != before or sign * value < sign * best["value"]):
            self.best = {"metric": name, "value": value, "step": pl_module.batches_seen}
            if not self.write(trainer, "best.ckpt"):
                self.best = best  # whose file is still there

    def write(self, trainer: pl.Trainer, name: str) -> bool:
        """Save the tables, then the checkpoint; whether it was written. A collective: every rank must call it."""
        if trainer.is_global_zero:
            for table in self.tables.values():
                with attempt(table.path):
                    table.save()
        trainer.save_checkpoint(self.folder / name)
        self.saved_at = time.monotonic()
        io: Any = trainer.strategy.checkpoint_io
        model: Any = trainer.lightning_module
        written = bool(from_rank_0(self.folder / name not in io.unsaved))
        if written and name == "last.ckpt":
            self.saved = model.batches_seen
        return written

    def lost(self) -> str:
        """What a run that ends with its weights unsaved has lost, and how to go on; continues a sentence."""
        last = self.folder / "last.ckpt"
        reason = "".join(missing(last)) or str(last)
        begun = "begins anew" if self.saved is None else f"continues from batch {self.saved:,}"
        return f"and its weights are NOT saved: {reason}. Make room; resume=auto {begun}"

    # ---- what ------------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: pl.Trainer, pl_module: Model, checkpoint: dict[str, Any]) -> None:
        """Add our entries: tensors, numbers, strings, lists and dicts only."""
        checkpoint["genlab"] = {
            "schema": SCHEMA,
            **self.identity,
            "random_state": gather_by_rank(rng.capture()),
            "threads": torch.get_num_threads(),
            "rows": {name: table.rows for name, table in self.tables.items()},
            "seconds": self.clock.seconds,
            "best": self.best,
            "measured": dict(pl_module.measured),
        }

    def on_load_checkpoint(self, trainer: pl.Trainer, pl_module: Model, checkpoint: dict[str, Any]) -> None:
        """Truncate the tables to the checkpoint's rows; the random state is restored when training starts."""
        kept, self.saved = checkpoint["genlab"], checkpoint["counters"]["batches_seen"]
        self.best = kept["best"]
        pl_module.measured = dict(kept["measured"])
        self.random_state = kept["random_state"]
        self.clock.continue_from(kept["seconds"])
        if trainer.strategy.root_device.type == "cpu":
            continue_threads(kept.get("threads"), self.threads_chosen)
        if trainer.is_global_zero:
            for name, rows in kept["rows"].items():
                if name in self.tables:
                    self.tables[name].truncate(rows)

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Restore this rank's random state; done last, so that nothing draws in between."""
        self.looked = pl_module.batches_seen
        if self.random_state is not None:
            rank = str(trainer.global_rank)
            if rank in self.random_state:
                rng.restore(self.random_state[rank])
            self.random_state = None


def continue_threads(before: int | None, chosen: bool) -> None:
    """Go on with the checkpoint's number of threads, on which the rounding of sums depends, if it was ``chosen`` by
    ``performance.threads=auto``; warn if another number was asked for."""
    now = torch.get_num_threads()
    if before in (None, now):
        return
    if chosen:
        torch.set_num_threads(before)
        say(f"note      {before} threads, as before: exact; {now} would be chosen today (performance.threads={now})")
        return
    what = f"torch's number of threads was {before} and is now {now}, so sums are rounded differently"
    warnings.warn(f"continued, but not exactly: {what}. Type: performance.threads={before}", stacklevel=2)


def validates_after(trainer: pl.Trainer, batch_idx: int) -> bool:
    """Whether a validation within the epoch follows this batch, by ``val_check_interval``."""
    every, epochs = trainer.val_check_batch, trainer.check_val_every_n_epoch
    if every is None or math.isinf(every) or not trainer.num_val_batches:
        return False
    if epochs is None:
        return (trainer.fit_loop.epoch_loop.total_batch_idx + 1) % every == 0
    return (trainer.current_epoch + 1) % epochs == 0 and (batch_idx + 1) % every == 0


def passed(n: int, before: int, now: int) -> bool:
    """Whether a multiple of n is in (``before``, ``now``]."""
    return now // n > before // n
