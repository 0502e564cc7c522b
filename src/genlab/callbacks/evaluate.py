"""Runs the evaluators of ``conf/metrics`` in validation and test; results are reported with the model's own metrics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from genlab.callbacks.costs import EXTRACTORS, GENERATED, REAL, Costs
from genlab.callbacks.evaluators.evaluation import Evaluation, Extractors, Tables
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.evaluators.selection import fits, joined, refuse_twins
from genlab.callbacks.evaluators.tables import write_tables
from genlab.callbacks.recall import Fresh
from genlab.contracts import NonFiniteImages, Split
from genlab.data.store.source import PreparedData
from genlab.files import key_of
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
        self.turns: list[Evaluator] = []  # who measures in the validation or test under way
        self.most = 0.0  # images of the split that they look at
        self.key = ""  # of the configuration of those with terms, if there are any
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
        self.turns = [one for one in fitting if is_turn(trainer, one.every_n_epochs)]
        self.most = max((one.count(now) for one in self.turns), default=0)
        asked = {id(one) for one in self.turns if one.has_terms}
        known = [self.configurations[name] for name, one in self.evaluators.items() if id(one) in asked]
        self.key = key_of(str(self.most), known) if known else ""
        with self.costs.lap(REAL):
            for one in self.turns:
                one.begin(now)

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
        if trainer.sanity_checking:
            return
        now, _ = self.stages["test" if trainer.testing else "val"]
        seen = Seen(pl_module, batch, self.most)
        with self.named(now):
            terms = now.recall.batch(f"terms-{self.key}-{batch_idx}", lambda: self.terms(now, seen)) if self.key else []
            with self.costs.lap(GENERATED):
                now.generated.look(seen, batch_idx)
            for one in self.turns:
                with self.timed(one):
                    one.look(now, seen, batch_idx)
        for values in terms:
            now.totals.add({name: value.to(pl_module.device) for name, value in values.items()})
        now.recall.advance()

    def terms(self, now: Evaluation, seen: Seen) -> list[dict[str, Tensor]]:
        """The terms of each evaluator that has any."""
        found = []
        for one in (one for one in self.turns if one.has_terms):
            with self.timed(one):
                found.append(one.terms(now, seen))
        return found

    @contextmanager
    def named(self, now: Evaluation) -> Iterator[None]:
        """Images that are not numbers are reported with the metrics that they would enter.

        Raises:
            NonFiniteImages: with their names.
        """
        try:
            yield
        except NonFiniteImages as error:
            names = sorted(f"{now.split}/{name}" for one in self.turns if one.generates for name in one.names(now))
            raise NonFiniteImages(f"{error}: nothing can be said of {', '.join(names)}") from error

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
        now, _ = self.stages[stage]
        with self.named(now):
            with self.costs.lap(GENERATED):
                now.generated.gather()
            values = now.totals.means()
            for one in self.turns:
                with self.timed(one):
                    values = joined(values, self.result(now, one))
            self.leave(now)
        values = from_rank_0(values)
        for name in [name for name in self.reported if name.startswith(f"{stage}/")]:
            model.measured.pop(name, None)
        kept = [name for name in self.reported if not name.startswith(f"{stage}/")]
        self.reported = [*kept, *(f"{stage}/{name}" for name in values)]
        if values:
            model.report(stage, values)

    def leave(self, now: Evaluation) -> None:
        """Write the tables and pictures behind the numbers of the first seed, on rank 0."""
        if self.folder is None or rank() != 0 or now.recall.replicate > 0:
            return
        write_tables(self.folder / "tables", now.tables)
        for one in self.turns:
            with self.timed(one):
                one.leave(now, self.folder)

    def result(self, now: Evaluation, one: Evaluator) -> dict[str, float]:
        """What an evaluator makes of the whole split; the numbers of images behind it are noted."""

        def make() -> dict[str, Any]:
            before = now.counts, now.tables
            now.counts, now.tables = {}, {}
            try:
                return {"values": one.finish(now), "counts": now.counts, "tables": now.tables}
            finally:
                now.counts, now.tables = before

        name = self.name_of(one)
        choice: Any = getattr(one, "extractor", None)
        resize: Any = getattr(one, "resize", "antialiased")
        further = {key: other.spec.digest for key, other in now.others.items()}
        facts = self.configurations[name], now.split, choice and now.extractors.get(choice, resize).digest, further
        found = now.recall.result(f"result-{name}-{key_of(facts)}", make)
        now.counts.update(found["counts"])
        now.tables.update(found["tables"])
        return found["values"]

    # ---- what it costs ---------------------------------------------------------------------------------------------

    def timed(self, one: Evaluator) -> AbstractContextManager[None]:
        """Time what is done inside as the evaluator's work."""
        return self.costs.lap(self.name_of(one))

    def name_of(self, one: Evaluator) -> str:
        """The key of an evaluator in the configuration."""
        return next(name for name, other in self.evaluators.items() if other is one)

    def settle(self, stage: Split, trainer: pl.Trainer, model: Model) -> None:
        """Add up what measuring has cost, and say so if that is more than the training."""
        found = self.costs.settle(stage)
        if trainer.state.fn == "fit" and self.turns:
            every = max(one.every_n_epochs for one in self.turns)
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
