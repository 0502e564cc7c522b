"""Runs the evaluators of ``conf/metrics`` in validation and test; results are reported with the model's own metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.evaluators.evaluator import Evaluation, Evaluator, Extractors, Seen
from genlab.contracts import ConfigError, Problem, Split
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import Extractor
from genlab.models.base.distributed import from_rank_0
from genlab.models.base.model import Model


class Evaluate(pl.Callback):
    """Runs every evaluator that fits the model and the data set, and skips the others.

    A model that needs labels gets those of the images; its samples get labels distributed as in the training set.
    """

    def __init__(self, evaluators: dict[str, Evaluator]) -> None:
        self.evaluators = evaluators
        self.counts: dict[str, int] = {}  # of images behind each number
        self.reported: list[str] = []  # in the newest validation and test
        self.stages: dict[str, tuple[Evaluation, list[Evaluator]]] = {}
        self.turns: list[Evaluator] = []  # who measures in the validation or test under way
        self.most = 0.0  # images of the split that they look at

    def attach(self, model: Any, prepared: PreparedData, cache_root: Path, splits: dict[Split, Split]) -> None:
        """Select and check the evaluators, before anything expensive. ``splits``: the split used in each stage.

        Raises:
            ConfigError: two evaluators would report the same metric.
            DataError: there are too few images.
        """
        self.extractors = Extractors(prepared, cache_root)
        for stage, split in splits.items():
            now = Evaluation(stage, split, model, prepared, self.extractors, self.counts)
            fitting = {name: one for name, one in self.evaluators.items() if fits(one, now)}
            refuse_twins(fitting, now)
            for one in fitting.values():
                one.require(now)
            self.stages[stage] = now, list(fitting.values())

    def make_ready(self) -> list[Extractor]:
        """Train the extractors that are needed, or load them from the cache; returns all of them."""
        choices = [getattr(one, "extractor", None) for _, fitting in self.stages.values() for one in fitting]
        for choice in dict.fromkeys(filter(None, choices)):
            self.extractors.get(choice)
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

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the evaluators."""
        if not trainer.sanity_checking:
            self.begin("val", trainer)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the evaluators."""
        self.begin("test", trainer)

    def begin(self, stage: Split, trainer: pl.Trainer) -> None:
        """Select the evaluators that are due, and let them request what they need."""
        now, fitting = self.stages[stage]
        now.begin()
        self.turns = [one for one in fitting if is_turn(trainer, one.every_n_epochs)]
        self.most = max((one.count(now) for one in self.turns), default=0)
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
        for one in self.turns:
            now.totals.add(one.terms(now, seen))
        now.generated.look(seen)

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Report the results through the model."""
        if not trainer.sanity_checking:
            self.finish("val", pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Report the results through the model."""
        self.finish("test", pl_module)

    def finish(self, stage: Split, model: Model) -> None:
        """Report the new results; remove this stage's earlier ones, which describe older weights."""
        now, _ = self.stages[stage]
        now.generated.gather()
        values = now.totals.means()
        for one in self.turns:
            values = joined(values, one.finish(now))
        values = from_rank_0(values)
        for name in [name for name in self.reported if name.startswith(f"{stage}/")]:
            model.measured.pop(name, None)
        kept = [name for name in self.reported if not name.startswith(f"{stage}/")]
        self.reported = [*kept, *(f"{stage}/{name}" for name in values)]
        if values:
            model.report(stage, values)

    # ---- over a resume ---------------------------------------------------------------------------------------------

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the names outside the callback state: Lightning would warn a resumed run without evaluators."""
        checkpoint["evaluated"] = list(self.reported)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the names of the reported metrics."""
        self.reported = list(checkpoint.get("evaluated", []))


def fits(one: Evaluator, now: Evaluation) -> bool:
    """Whether the model has the protocol that the evaluator needs for this kind of data, and there is work to do."""
    protocol = one.needs.get(now.kind)
    return protocol is not None and isinstance(now.model, protocol) and one.count(now) > 0


def is_turn(trainer: pl.Trainer, every_n_epochs: int) -> bool:
    """Whether this epoch is an n-th or the last one; always true outside of ``fit``."""
    epochs = trainer.current_epoch + 1
    last = trainer.should_stop or epochs == trainer.max_epochs
    return trainer.state.fn != "fit" or last or epochs % every_n_epochs == 0


def refuse_twins(evaluators: dict[str, Evaluator], now: Evaluation) -> None:
    """Refuse metrics with two sources.

    Raises:
        ConfigError: two evaluators would report the same metric.
    """
    owners: dict[str, str] = {}
    for key, one in evaluators.items():
        for name in sorted(one.names(now)):
            if (other := owners.setdefault(name, key)) != key:
                what = f"would report the same as metrics.{other}: {now.stage}/{name}"
                remedy = f"Give it another extractor, count or against, or leave it out: metrics.{key}=null"
                raise ConfigError([Problem(f"metrics.{key}", what, remedy)])


def joined(values: dict[str, float], more: dict[str, float]) -> dict[str, float]:
    """The union of two dicts of metrics.

    Raises:
        ConfigError: a name is in both.
    """
    if twins := values.keys() & more.keys():
        raise ConfigError(
            f"{', '.join(sorted(twins))}: reported by two evaluators of metrics. Leave one out: metrics.…=null"
        )
    return values | more
