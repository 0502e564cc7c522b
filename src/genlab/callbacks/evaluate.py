"""Runs the evaluators of ``conf/metrics`` in validation and test; results are reported with the model's own metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.costs import EXTRACTORS, Costs
from genlab.callbacks.evaluators.evaluation import Evaluation, Extractors, Tables
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.evaluators.one_pass import Pass
from genlab.callbacks.evaluators.selection import fits, refuse_twins
from genlab.callbacks.recall import Fresh
from genlab.contracts import Split
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import StatedFiles
from genlab.metrics.extractors.extractor import Extractor
from genlab.models.base.distributed import from_rank_0, rank
from genlab.models.base.model import Model


class Evaluate(pl.Callback):
    """Runs every evaluator that fits the model and the data set, and skips the others.

    A model that needs labels gets those of the images; its samples get labels distributed as in the training set.

    Args:
        evaluators: by name.
        configurations: of each, as plain dicts.
        stated: what the user says of files of weights, by network.
    """

    def __init__(self, evaluators: dict[str, Evaluator], configurations: dict[str, Any], stated: StatedFiles) -> None:
        self.evaluators, self.configurations, self.stated = evaluators, configurations, stated
        self.counts: dict[str, int] = {}  # of images behind each number
        self.tables: Tables = {}  # what is behind the newest of them, by the name of a file
        self.reported: list[str] = []  # in the newest validation and test
        self.stages: dict[str, tuple[Evaluation, list[Evaluator]]] = {}
        self.under_way: Pass | None = None  # the newest validation or test
        self.costs = Costs()
        self.folder: Path | None = None  # where evaluators leave tables and pictures; None: nowhere

    def attach(
        self,
        model: Any,
        prepared: PreparedData,
        cache_root: Path,
        splits: dict[Split, Split],
        recall: Fresh | None = None,
        others: dict[str, PreparedData] | None = None,
    ) -> None:
        """Select and check the evaluators, before anything expensive.

        Args:
            splits: the split used in each stage.
            recall: what has been computed already; None: nothing.
            others: further sets that evaluators name, by name.

        Raises:
            ConfigError: two evaluators would report the same metric.
            DataError: there are too few images.
        """
        self.extractors = Extractors(prepared, cache_root, self.stated)
        for stage, split in splits.items():
            now = Evaluation(
                stage,
                split,
                model,
                prepared,
                self.extractors,
                self.counts,
                self.tables,
                recall or Fresh(),
                others or {},
            )
            fitting = {name: one for name, one in self.evaluators.items() if fits(one, now)}
            refuse_twins(fitting, now)
            for one in fitting.values():
                one.require(now)
            self.stages[stage] = now, list(fitting.values())

    def make_ready(self) -> list[Extractor]:
        """Train the extractors that are needed, or load them from the cache; returns all of them."""
        looking = [one for _, fitting in self.stages.values() for one in fitting if hasattr(one, "extractor")]
        with self.costs.lap(EXTRACTORS):
            for one in looking:
                self.extractors.get(one.extractor, getattr(one, "resize", "antialiased"))
        self.costs.settle(EXTRACTORS)
        return list(self.extractors.made.values())

    @property
    def notes(self) -> list[str]:
        """What to know of the metrics before reading them; the extractors have been made."""
        told = [note for now, fitting in self.stages.values() for one in fitting for note in one.notes(now)]
        return list(dict.fromkeys(told))

    @property
    def headline(self) -> tuple[str, ...]:
        """Name prefixes of the metrics to show on screen."""
        return tuple(dict.fromkeys(start for one in self.evaluators.values() for start in one.headline))

    def name_of(self, one: Evaluator) -> str:
        """The key of an evaluator in the configuration."""
        return next(name for name, other in self.evaluators.items() if other is one)

    # ---- going over a split ----------------------------------------------------------------------------------------

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Time the training, too: measuring should not take longer."""
        self.costs.device = pl_module.device
        self.costs.training_begins(pl_module.batches_seen)

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Start the evaluators."""
        if not trainer.sanity_checking:
            self.costs.training_pauses(pl_module.batches_seen)
            self.begin("val", trainer)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the evaluators."""
        self.begin("test", trainer)

    def begin(self, stage: Split, trainer: pl.Trainer) -> None:
        """Select the evaluators that are due, and let them request what they need."""
        now, fitting = self.stages[stage]
        self.costs.device = now.model.device
        now.begin()
        due = {self.name_of(one): one for one in fitting if is_turn(trainer, one.every_n_epochs)}
        self.under_way = Pass(now, due, self.configurations, self.costs)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Pass the batch to the evaluators."""
        if self.under_way and not trainer.sanity_checking:
            self.under_way.look(pl_module, batch, batch_idx)

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Report the results through the model."""
        if not trainer.sanity_checking:
            self.finish("val", pl_module)
            self.settle("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Report the results through the model."""
        self.finish("test", pl_module)
        self.settle("test", trainer, pl_module)

    def finish(self, stage: Split, model: Model) -> None:
        """Report the new results; remove this stage's earlier ones, which describe older weights."""
        assert self.under_way is not None
        values = self.under_way.finish()
        if self.folder is not None and rank() == 0:
            self.under_way.leave(self.folder)
        values = from_rank_0(values)
        for name in [name for name in self.reported if name.startswith(f"{stage}/")]:
            model.measured.pop(name, None)
        kept = [name for name in self.reported if not name.startswith(f"{stage}/")]
        self.reported = [*kept, *(f"{stage}/{name}" for name in values)]
        if values:
            model.report(stage, values)

    def settle(self, stage: Split, trainer: pl.Trainer, model: Model) -> None:
        """Add up what measuring has cost, and say so if that is more than the training."""
        found = self.costs.settle(stage)
        if trainer.state.fn == "fit" and self.under_way and self.under_way.turns:
            every = max(one.every_n_epochs for one in self.under_way.turns.values())
            self.costs.advise(found, trainer.num_training_batches, every, trainer.max_epochs)
            self.costs.training_begins(model.batches_seen)

    # ---- over a resume ---------------------------------------------------------------------------------------------

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the names outside the callback state: Lightning would warn a resumed run without evaluators."""
        checkpoint["evaluated"] = list(self.reported)
        checkpoint["measuring"] = self.costs.state()

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the names of the reported metrics."""
        self.reported = list(checkpoint.get("evaluated", []))
        self.costs.continue_from(checkpoint.get("measuring", {}))


def is_turn(trainer: pl.Trainer, every_n_epochs: int) -> bool:
    """Whether this epoch is an n-th or the last one; always true outside of ``fit``."""
    epochs = trainer.current_epoch + 1
    last = trainer.should_stop or epochs == trainer.max_epochs
    return trainer.state.fn != "fit" or last or epochs % every_n_epochs == 0
