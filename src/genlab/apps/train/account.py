"""What a run's directory says of it in ``summary.json``, from its first line to its last number."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.evaluators import described, notes
from genlab.apps.train import messages as screen
from genlab.apps.train.build import callback_of
from genlab.apps.train.loggers import Loggers, wandb_id
from genlab.callbacks.alarms import Alarms
from genlab.callbacks.checkpoints import Checkpoints
from genlab.callbacks.evaluate import Evaluate
from genlab.contracts import DataSpec
from genlab.metrics.extractors.extractor import Extractor
from genlab.models.base.model import Model
from genlab.runs import final_table
from genlab.runs.checkout import git_revision
from genlab.runs.directory import RunDirectory
from genlab.runs.summary import RUNNING, versions
from genlab.runs.table import Table
from genlab.runs.writing import attempt


class Account:
    """Kept up to date on rank 0, also if the run ends early; training goes on where it cannot be written."""

    def __init__(
        self,
        cfg: DictConfig,
        spec: DataSpec,
        model: Model,
        directory: RunDirectory,
        loggers: Loggers,
        trainer: pl.Trainer,
        callbacks: list[pl.Callback],
    ) -> None:
        self.cfg, self.spec, self.model, self.directory = cfg, spec, model, directory
        self.loggers, self.trainer = loggers, trainer
        self.evaluate, self.alarms = callback_of(callbacks, Evaluate), callback_of(callbacks, Alarms)
        self.checkpoints = callback_of(callbacks, Checkpoints)
        self.wandb_id = wandb_id(directory, directory.summary.values.get("wandb_id"))

    def begin(self) -> None:
        """What is known before the first batch."""
        self.update(
            name=self.cfg.name,
            run_id=self.directory.run_id,
            wandb_id=self.wandb_id,
            model=self.cfg.choices.model,
            data=self.cfg.choices.data,
            status=RUNNING,
            device=self.trainer.strategy.root_device.type,
            precision=str(self.trainer.precision),
            devices=self.trainer.world_size,
            seed=self.cfg.seed,
            counts=screen.counts(self.spec, self.model, {}),
            versions=versions(),
            git=git_revision(),
            notes=screen.notes(self.spec, self.model),
        )

    def describe(self, extractors: list[Extractor], told: list[str]) -> None:
        """Notes on the extractors and the metrics, on the screen, too."""
        if not (extractors or told) or not self.trainer.is_global_zero:
            return
        sentences = [*notes(extractors, self.spec, self.cfg.model), *told]
        for note in sentences:
            console.say(f"note      {note}")
        before = self.directory.summary.values.get("notes", [])
        self.update(**described(extractors), notes=[*before, *sentences])

    def list_skipped(self) -> None:
        """The names of the files that were skipped, in a table of their own."""
        if self.spec.skipped and self.trainer.is_global_zero:
            skipped = Table(self.directory.path / "tables" / "skipped.csv", ["file"])
            skipped.truncate(0)
            for name in self.spec.skipped:
                skipped.append({"file": name})
            with attempt(skipped.path):
                skipped.save()

    def end(self, status: str, code: int) -> None:
        """Metrics, counts and times; the loggers get theirs, and are closed."""
        if not self.trainer.is_global_zero:
            return
        model, seconds = self.model, self.loggers.csv.seconds
        kept = {name: value for name, value in model.measured.items() if name.startswith(("val/", "test/"))}
        counts = screen.counts(self.spec, model, self.evaluate.counts if self.evaluate else {})
        alarms = {"alarms": self.alarms.raised} if self.alarms else {}
        self.update(
            status=status,
            epochs=self.trainer.current_epoch,
            steps=model.batches_seen,
            images=model.images_seen,
            seconds=round(seconds, 1),
            images_per_second=round(model.images_seen / max(seconds, 1e-9), 1),
            metrics=kept,
            best=self.checkpoints.best,
            measuring=self.measuring(),
            counts=counts,
            **alarms,
        )
        if code == 0:
            rows = final_table.rows(kept, counts)
            self.loggers.conclude(self.directory, rows, model.batches_seen, self.checkpoints.best)
        self.loggers.close(kept, code)

    def measuring(self) -> dict[str, Any]:
        """Seconds spent measuring, in all and by what; empty without evaluators."""
        return self.evaluate.costs.stated() if self.evaluate else {}

    def update(self, **values: Any) -> None:
        """Set some values of ``summary.json``."""
        with attempt(self.directory.summary.path):
            self.directory.summary.update(**values)
