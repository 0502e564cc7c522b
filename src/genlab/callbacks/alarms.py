"""Alarms for failing trainings, computed from metrics that are logged anyway; each is reported once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks import mode_collapse
from genlab.callbacks.collapse import remedy, signs_at
from genlab.callbacks.vanishing import SURE, EarlyNorms
from genlab.config.types import BelowOne, Fraction, NonNegativeFloat, PositiveInt
from genlab.console import say
from genlab.models.base.model import Model

Check = Iterator[tuple[str, bool, str]]  # name, whether it is so, the sentence
VALIDATIONS = 3  # in a row before ``collapsed`` is raised: the first epochs of a small set teach little
COLLAPSING = 2  # in a row before ``collapsing`` is: a generator may pass through few classes
EARLY = 100  # batches, before which a model that shows the mean image has not collapsed: it has not begun
YOUNG = 1000  # batches, before which a generator passes through few classes or modes: every recipe of a GAN has done so


class Alarms(pl.Callback):
    """Prints a line (also to ``log.txt``), adds an entry to ``summary.json`` and sends a W&B alert when something looks wrong;
    repeated only after the alarm has cleared.

    Reads logged batches and validations by metric name, for any model. It runs no network and does not synchronise
    with the device. Translations are checked only if they are measured (``metrics.val_samples``).

    Args:
        loss_d: ``discriminator_won``: the mean of a discriminator's ``loss_d_real`` and ``loss_d_fake``, which mean the same
            in every model (or ``loss_d_pair``, or ``loss_d`` where a model does not log these), is below this. An undecided
            discriminator has 0.25 for least squares, 0.69 for cross-entropy, 1 for hinge; Wasserstein critics cannot win. 0
            disables the alarm.
        rows: consecutive logged batches before ``discriminator_won`` or ``no_learning_rate`` (rate 0) is raised.
        saturated: ``saturated``: the fraction of black and white values in translations exceeds that in real images of
            the target domain by more than this; 1 disables the alarm.
        copied: ``copied``: the mean absolute difference of translations to their inputs is below this fraction of the
            difference between images of the two sides; 0 disables the alarm.
        collapsed: ``collapsed``: in three validations in a row a VAE's ``kl`` is below so many nats, or no unit is active,
            or fewer than two of many, or its error is that of the mean image within 2 %; 0 disables the alarm. The KL
            bounds what the code says of an image: 1 nat does not tell three images apart.
        collapsing: ``collapsing``: in two validations in a row the histogram of samples over the set's classes (or the modes
            nearest to points) is so many nats from the training set's, beyond chance; 0 disables the alarm. A generator that
            keeps to half of ten classes alike is log 2 = 0.69 away.
        vanished: ``generator_vanished``: the norm of a generator's gradient is below this fraction of its early one in ``rows``
            logged batches in a row, while the discriminator is right about nine of ten or its accuracy is not logged; 0
            disables the alarm.
    """

    def __init__(
        self,
        loss_d: NonNegativeFloat,
        rows: PositiveInt,
        saturated: Fraction,
        copied: Fraction,
        collapsed: NonNegativeFloat,
        collapsing: NonNegativeFloat,
        vanished: BelowOne,
    ) -> None:
        self.loss_d, self.rows, self.saturated, self.copied = loss_d, rows, saturated, copied
        self.collapsed, self.collapsing, self.vanished = collapsed, collapsing, vanished
        self.early_norms = EarlyNorms()
        self.tables: dict[str, list[dict[str, float]]] = {}  # of the evaluators: samples by class or by mode
        self.in_a_row: dict[str, int] = {}  # logged batches or validations, by alarm
        self.active: list[str] = []
        self.raised: list[dict[str, Any]] = []  # name, step, text: what the summary keeps

    def attach(self, tables: dict[str, list[dict[str, float]]]) -> None:
        """Look into the evaluators' tables, which they replace in each validation."""
        self.tables = tables

    # ---- when ------------------------------------------------------------------------------------------------------

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the losses and the learning rate of a logged batch."""
        if not pl_module.logs_now:
            return
        measured = pl_module.measured
        for name, wrong, text in [*self.discriminators(measured), *self.rates(measured), *self.generators(measured)]:
            self.settle(trainer, name, self.count(name, wrong) >= self.rows, text, pl_module.batches_seen)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Check the metrics of translations; runs after they have been measured."""
        if trainer.sanity_checking:
            return
        for name, wrong, text in [*self.saturations(pl_module.measured), *self.copies(pl_module.measured)]:
            self.settle(trainer, name, wrong, text, pl_module.batches_seen)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Check for collapsed codes and samples; runs after the model's own terms have been reported, too."""
        if trainer.sanity_checking:
            return
        for check, enough in ((self.collapses, VALIDATIONS), (self.collapsings, COLLAPSING)):
            for name, wrong, text in check(pl_module):
                self.settle(trainer, name, self.count(name, wrong) >= enough, text, pl_module.batches_seen)

    def count(self, name: str, wrong: bool) -> int:
        """How often in a row it has been so by now."""
        self.in_a_row[name] = self.in_a_row.get(name, 0) + 1 if wrong else 0
        return self.in_a_row[name]

    def settle(self, trainer: pl.Trainer, name: str, wrong: bool, text: str, step: int) -> None:
        """Report a new alarm; drop one that has cleared."""
        if wrong and name not in self.active:
            self.active.append(name)
            self.raised.append({"name": name, "step": step, "text": text})
            say(f"alarm     {text}")
            for logger in trainer.loggers:
                if hasattr(logger, "log_alert"):
                    logger.log_alert(name, text)
        elif not wrong and name in self.active:
            self.active.remove(name)

    # ---- what ------------------------------------------------------------------------------------------------------

    def discriminators(self, measured: dict[str, float]) -> Check:
        """For each discriminator: whether its loss is so low that it recognises every image."""
        for suffix, loss in losses_d(measured).items():
            text = (
                f"the discriminator{of(suffix)} has won: its loss was below {self.loss_d:g} in {self.rows} logged "
                "batches in a row, and its generator learns little from it. A weaker or slower one helps"
            )
            yield f"discriminator_won{suffix}", loss < self.loss_d, text

    def rates(self, measured: dict[str, float]) -> Check:
        """Whether the learning rate is 0."""
        if "train/lr" in measured:
            text = (
                f"the learning rate was 0 in {self.rows} logged batches in a row: nothing is learnt. Type: "
                "model/schedule=constant, or a schedule for all epochs"
            )
            yield "no_learning_rate", measured["train/lr"] == 0, text

    def generators(self, measured: dict[str, float]) -> Check:
        """For each generator: whether its gradient has vanished while its discriminator is sure."""
        for end in ends_of(measured, "train/grad_norm_g") if self.vanished else []:
            fraction = self.early_norms.fraction(end, measured[f"train/grad_norm_g{end}"])
            sure = measured.get(f"train/d_accuracy{end}", 1.0) >= SURE
            text = (
                f"the gradient of the generator{of(end)} has vanished: its norm was below {self.vanished:g} of its early one "
                f"in {self.rows} logged batches in a row, and it learns nothing. A loss that does not saturate helps, or a "
                "weaker discriminator"
            )
            yield f"generator_vanished{end}", sure and fraction < self.vanished, text

    def collapses(self, model: Model) -> Check:
        """Whether the codes of a VAE say nearly nothing about the images (posterior collapse)."""
        if self.collapsed and "val/kl" in model.measured:
            found = signs_at(model, self.collapsed, EARLY)
            text = (
                f"the codes have collapsed, in {VALIDATIONS} validations in a row ({'; '.join(found)}): they say nearly "
                f"nothing of an image, and samples are all alike. {remedy(model, model.measured, 'val')}"
            )
            yield "collapsed", bool(found), text

    def collapsings(self, model: Model) -> Check:
        """Whether samples keep to few of the set's classes or modes, judged where a validation has measured them."""
        for table, rows in self.tables.items() if self.collapsing else ():
            if table in mode_collapse.WORDS and f"val/{table}" in model.measured:
                kept = mode_collapse.told(table, rows, model.spec.class_names)
                text = (
                    f"collapsing to {kept}, in {COLLAPSING} validations in a row. Of a GAN another loss helps, or more steps "
                    "of the discriminator: docs/gan.md"
                )
                grown = model.batches_seen >= YOUNG
                yield "collapsing", grown and mode_collapse.lost(rows) >= self.collapsing, text

    def saturations(self, measured: dict[str, float]) -> Check:
        """For each direction: whether translations have more black and white values than real images."""
        for suffix in translated(measured, "val/saturated"):
            share, real = measured[f"val/saturated{suffix}"], measured[f"val/saturated_{target_of(suffix)}"]
            text = (
                f"translations{of(suffix)} are saturated: {100 * share:.0f} % of their values are black or white, "
                f"{100 * real:.0f} % in real images of the target. A lower rate helps: model.optimizer.lr=…"
            )
            yield f"saturated{suffix}", share - real > self.saturated, text

    def copies(self, measured: dict[str, float]) -> Check:
        """For each direction: whether the generator copies its input."""
        for suffix in translated(measured, "val/change"):
            change, apart = measured[f"val/change{suffix}"], measured["val/distance_ab"]
            text = (
                f"translations{of(suffix)} are copies of their inputs: they differ by {255 * change:.1f} of 255 levels, "
                f"images of the two sides by {255 * apart:.0f}. More weight on the adversarial loss helps"
            )
            yield f"copied{suffix}", change < self.copied * apart, text

    # ---- over a resume ---------------------------------------------------------------------------------------------

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save counters outside the callback state: Lightning would warn a resumed run without this callback."""
        rows = dict(self.in_a_row)
        early = {end: list(norms) for end, norms in self.early_norms.first.items()}
        state = {"in_a_row": rows, "active": list(self.active), "raised": list(self.raised), "early_norms": early}
        checkpoint["alarms"] = state

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the counters and the alarms raised so far."""
        if state := checkpoint.get("alarms"):
            self.in_a_row, self.active = dict(state["in_a_row"]), list(state["active"])
            self.raised = list(state["raised"])
            self.early_norms.first = {end: list(norms) for end, norms in state.get("early_norms", {}).items()}


def ends_of(measured: dict[str, float], beginning: str) -> list[str]:
    """The suffixes of the metric names that start with ``beginning``."""
    return [name.removeprefix(beginning) for name in measured if name.startswith(beginning)]


def losses_d(measured: dict[str, float]) -> dict[str, float]:
    """The newest loss of each discriminator by name suffix: the mean of real and fake, or that of pairs, else ``loss_d``.

    Infinite for a Wasserstein critic, whose scores have a sign: its loss has no least value, and one who learns goes below 0.
    """
    real, fake, pair = "train/loss_d_real", "train/loss_d_fake", "train/loss_d_pair"
    both = {end: (measured[f"{real}{end}"], measured[f"{fake}{end}"]) for end in ends_of(measured, real)}
    parts = {end: (one + other) / 2 if min(one, other) >= 0 else math.inf for end, (one, other) in both.items()}
    pairs = {end: measured[f"{pair}{end}"] for end in ends_of(measured, pair)}
    whole = {"": measured["train/loss_d"]} if "train/loss_d" in measured else {}
    return parts | pairs or whole


def translated(measured: dict[str, float], beginning: str) -> list[str]:
    """The name suffixes of translation metrics: empty (pairs), ``_AtoB`` or ``_BtoA``."""
    return [end for end in ends_of(measured, beginning) if end in ("", "_AtoB", "_BtoA")]


def target_of(suffix: str) -> str:
    """The target side of a direction, ``a`` or ``b``."""
    return "a" if suffix == "_BtoA" else "b"


def of(suffix: str) -> str:
    """The direction suffix as words of a sentence."""
    return suffix.replace("_", " ")
