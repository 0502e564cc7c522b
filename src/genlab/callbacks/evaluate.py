"""Runs the evaluators of ``conf/metrics`` during validation and test, and reports their metrics with the model's own."""

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
    """Lets each evaluator measure that fits model and set; the others are left out.

    A model that needs labels gets those of the images, and for its samples labels in the training set's proportions.
    """

    def __init__(self, evaluators: dict[str, Evaluator]) -> None:
        self.evaluators = evaluators
        self.counts: dict[str, int] = {}  # of images behind each number
        self.reported: list[str] = []  # in the newest validation and test
        self.stages: dict[str, tuple[Evaluation, list[Evaluator]]] = {}
        self.turns: list[Evaluator] = []  # who measures in the validation or test under way
        self.most = 0.0  # images of the split that they look at

    def attach(self, model: Any, prepared: PreparedData, cache_root: Path, splits: dict[Split, Split]) -> None:
        """Find out who measures what, before anything heavy. ``splits``: by stage, the split that is gone over.

        Raises:
            ConfigError: two evaluators would report one name.
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
        """Train or load every extractor that will be used."""
        choices = [getattr(one, "extractor", None) for _, fitting in self.stages.values() for one in fitting]
        for choice in dict.fromkeys(filter(None, choices)):
            self.extractors.get(choice)
        return list(self.extractors.made.values())

    @property
    def headline(self) -> tuple[str, ...]:
        """Prefixes of the metrics shown on screen."""
        return tuple(dict.fromkeys(start for one in self.evaluators.values() for start in one.headline))

    # ---- going over a split ----------------------------------------------------------------------------------------

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing has been collected yet."""
        if not trainer.sanity_checking:
            self.begin("val", trainer)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing has been collected yet."""
        self.begin("test", trainer)

    def begin(self, stage: Split, trainer: pl.Trainer) -> None:
        """Select the evaluators whose turn it is and start them."""
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
        """Hand the numbers to the model, whose way out they share."""
        if not trainer.sanity_checking:
            self.finish("val", pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Hand the numbers to the model, whose way out they share."""
        self.finish("test", pl_module)

    def finish(self, stage: Split, model: Model) -> None:
        """Report what was measured; what was reported of earlier weights goes, also where it is not measured now."""
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
        """The names; not as a callback's state, which a run that measures nothing would be warned to lack."""
        checkpoint["evaluated"] = list(self.reported)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Those that the checkpoint's numbers have."""
        self.reported = list(checkpoint.get("evaluated", []))


def fits(one: Evaluator, now: Evaluation) -> bool:
    """Whether the model can do what an evaluator needs on such a set, and there is something to measure."""
    protocol = one.needs.get(now.kind)
    return protocol is not None and isinstance(now.model, protocol) and one.count(now) > 0


def is_turn(trainer: pl.Trainer, every_n_epochs: int) -> bool:
    """Whether this validation is one of every n-th epoch, or the last of a run."""
    epochs = trainer.current_epoch + 1
    last = trainer.should_stop or epochs == trainer.max_epochs
    return trainer.state.fn != "fit" or last or epochs % every_n_epochs == 0


def refuse_twins(evaluators: dict[str, Evaluator], now: Evaluation) -> None:
    """Refuse two evaluators that report the same metric.

    Raises:
        ConfigError: two evaluators would report one name.
    """
    owners: dict[str, str] = {}
    for key, one in evaluators.items():
        for name in sorted(one.names(now)):
            if (other := owners.setdefault(name, key)) != key:
                what = f"would report the same as metrics.{other}: {now.stage}/{name}"
                remedy = f"Give it another extractor, count or against, or leave it out: metrics.{key}=null"
                raise ConfigError([Problem(f"metrics.{key}", what, remedy)])


def joined(values: dict[str, float], more: dict[str, float]) -> dict[str, float]:
    """Merge two dicts of metrics.

    Raises:
        ConfigError: a name is in both.
    """
    if twins := values.keys() & more.keys():
        raise ConfigError(
            f"{', '.join(sorted(twins))}: reported by two evaluators of metrics. Leave one out: metrics.…=null"
        )
    return values | more
