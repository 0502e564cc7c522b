"""The progress bar: one line, redrawn a few times a second, without device synchronisation."""

from __future__ import annotations

import sys
import time
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from genlab.callbacks.evaluate import Evaluate
from genlab.callbacks.stopping import MaxSteps
from genlab.config.types import PositiveFloat
from genlab.console import note
from genlab.models.base.model import Model

ADVERSARIAL = ("loss_d", "loss_g", "class_error")
DIRECTIONS = ("_AtoB", "_BtoA")  # of an evaluator's number: the line has room for their mean only
SHOWN = (
    "loss",
    "recon",
    "kl",
    "elbo",
    "sigma",
    *ADVERSARIAL,
    "l1",
    "cycle_l1_AtoB",
    "cycle_l1_BtoA",
)  # the models' own; evaluators say theirs
BAR = 20  # characters


class Progress(pl.Callback):
    """A bar with epochs, batches and remaining time, and a line after each epoch, with validation metrics if any.

    The bar is redrawn ``refresh_per_second`` times a second and shows metrics already copied to the CPU, because
    reading one per step would synchronise with the device. Without a terminal, only the lines are printed.
    """

    def __init__(self, refresh_per_second: PositiveFloat) -> None:
        self.interval = 1 / refresh_per_second
        self.console = Console(file=sys.stderr)
        self.bar: RichProgress | None = None
        self.due = 0.0
        self.validated = False  # in this epoch
        self.earlier: list[str] = []  # the training's numbers before this epoch

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Open the bar, starting at the batches already done by a resumed run."""
        if not trainer.is_global_zero or not self.console.is_terminal:
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
        )
        self.bar = RichProgress(*columns, console=self.console, auto_refresh=False, transient=True)
        self.bar.start()
        total, done = total_batches(trainer), pl_module.batches_seen
        self.task = self.bar.add_task("training", total=total, completed=done, numbers="")

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Reset the state of the epoch."""
        self.validated, self.earlier = False, newest_values(pl_module, "train", headline(trainer))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Redraw if the refresh interval has passed."""
        if self.bar is None or time.monotonic() < self.due:
            return
        self.due = time.monotonic() + self.interval
        epoch = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        done = f"{pl_module.batches_seen}/{self.bar.tasks[0].total}"
        room = self.console.width - len(f"{epoch}  {done} left 0:00:00  ") - BAR
        numbers = as_many_as_fit(newest_values(pl_module, "train", headline(trainer)), room)
        self.bar.update(self.task, completed=pl_module.batches_seen, description=epoch, numbers=numbers, refresh=True)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember that this epoch has validation metrics."""
        self.validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Print one line per epoch: validation metrics, else new training metrics."""
        split = "val" if self.validated else "train"
        found = newest_values(pl_module, split, headline(trainer))
        if trainer.is_global_zero:
            numbers = f"  {split} {'  '.join(found)}" if found and found != self.earlier else ""
            line = f"epoch {trainer.current_epoch + 1:>3}{numbers}"
            self.console.print(line, highlight=False, soft_wrap=True)
            note(line)

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove the bar."""
        self.close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Remove the bar, so that the terminal is usable again."""
        self.close()


def headline(trainer: pl.Trainer) -> tuple[str, ...]:
    """Name prefixes of the evaluators' metrics to show."""
    return tuple(start for c in getattr(trainer, "callbacks", []) if isinstance(c, Evaluate) for start in c.headline)


def newest_values(model: Model, split: str, headline: tuple[str, ...]) -> list[str]:
    """The newest numbers of a split: the model's own, then those that evaluators want shown."""
    numbers = {n.removeprefix(f"{split}/"): x for n, x in model.measured.items() if n.startswith(f"{split}/")}
    own = [name for name in SHOWN if name in numbers]
    found = [
        name for name in numbers if name.startswith(headline) and not name.endswith(DIRECTIONS) and name not in own
    ]
    return [f"{name} {numbers[name]:.4g}" for name in [*own, *found]]


def as_many_as_fit(words: list[str], room: int) -> str:
    """As many words as the line has room for, none of them cut."""
    while words and len("  ".join(words)) > room:
        words = words[:-1]
    return "  ".join(words)


def total_batches(trainer: pl.Trainer) -> int | None:
    """Number of batches of the whole training; None if it has no limit."""
    limits = [c.batches for c in getattr(trainer, "callbacks", []) if isinstance(c, MaxSteps)]
    if trainer.max_epochs and trainer.max_epochs > 0:
        limits.append(trainer.max_epochs * int(trainer.num_training_batches))
    return min(limits, default=None)
