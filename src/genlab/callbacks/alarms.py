"""Alarms for failing trainings, computed from metrics that are logged anyway; each is reported once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.collapse import remedy, signs_at
from genlab.config.types import Fraction, NonNegativeFloat, PositiveInt
from genlab.console import say
from genlab.models.base.model import Model

VALIDATIONS = 3  # in a row before ``collapsed`` is raised: the first epochs of a small set teach little
EARLY = 100  # batches, before which a model that shows the mean image has not collapsed: it has not begun


class Alarms(pl.Callback):
    """Prints a line (also to ``log.txt``) and adds an entry to ``summary.json`` when something looks wrong; repeated
    only after the alarm has cleared.

    Reads logged batches and validations by metric name, for any model. It runs no network and does not synchronise
    with the device. Translations are checked only if they are measured (``metrics.val_samples``).

    Args:
        loss_d: ``discriminator_won``: the mean of a discriminator's ``loss_d_real`` and ``loss_d_fake``, which mean the same
            in every model (or ``loss_d`` where a model does not log the two), is below this. An undecided discriminator has
            0.25 for least squares, 0.69 for cross-entropy, 1 for hinge. 0 disables the alarm.
        rows: consecutive logged batches before ``discriminator_won`` or ``no_learning_rate`` (rate 0) is raised.
        saturated: ``saturated``: the fraction of black and white values in translations exceeds that in real images of
            the target domain by more than this; 1 disables the alarm.
        copied: ``copied``: the mean absolute difference of translations to their inputs is below this fraction of the
            difference between images of the two sides; 0 disables the alarm.
        collapsed: ``collapsed``: in three validations in a row a VAE's ``kl`` is below so many nats, or no unit is active,
            or fewer than two of many, or its error is that of the mean image within 2 %; 0 disables the alarm. The KL
            bounds what the code says of an image: 1 nat does not tell three images apart.
    """

    def __init__(
        self,
        loss_d: NonNegativeFloat,
        rows: PositiveInt,
        saturated: Fraction,
        copied: Fraction,
        collapsed: NonNegativeFloat,
    ) -> None:
        self.loss_d, self.rows, self.saturated, self.copied = loss_d, rows, saturated, copied
        self.collapsed = collapsed
        self.in_a_row: dict[str, int] = {}  # logged batches or validations, by alarm
        self.active: list[str] = []
        self.raised: list[dict[str, Any]] = []  # name, step, text: what the summary keeps

    # ---- when ------------------------------------------------------------------------------------------------------

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the losses and the learning rate of a logged batch."""
        if not pl_module.logs_now:
            return
        for name, wrong, text in [*self.discriminators(pl_module.measured), *self.rates(pl_module.measured)]:
            self.settle(name, self.count(name, wrong) >= self.rows, text, pl_module.batches_seen)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Check the metrics of translations; runs after they have been measured."""
        if trainer.sanity_checking:
            return
        for name, wrong, text in [*self.saturations(pl_module.measured), *self.copies(pl_module.measured)]:
            self.settle(name, wrong, text, pl_module.batches_seen)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Check for collapsed codes; runs after the model's own terms have been reported, too."""
        if trainer.sanity_checking:
            return
        for name, wrong, text in self.collapses(pl_module):
            self.settle(name, self.count(name, wrong) >= VALIDATIONS, text, pl_module.batches_seen)

    def count(self, name: str, wrong: bool) -> int:
        """How often in a row it has been so by now."""
        self.in_a_row[name] = self.in_a_row.get(name, 0) + 1 if wrong else 0
        return self.in_a_row[name]

    def settle(self, name: str, wrong: bool, text: str, step: int) -> None:
        """Report a new alarm; drop one that has cleared."""
        if wrong and name not in self.active:
            self.active.append(name)
            self.raised.append({"name": name, "step": step, "text": text})
            say(f"alarm     {text}")
        elif not wrong and name in self.active:
            self.active.remove(name)

    # ---- what: name, whether it is so, the sentence ---------------------------------------------------------------

    def discriminators(self, measured: dict[str, float]) -> Iterator[tuple[str, bool, str]]:
        """For each discriminator: whether its loss is so low that it recognises every image."""
        for suffix, loss in losses_d(measured).items():
            text = (
                f"the discriminator{of(suffix)} has won: its loss was below {self.loss_d:g} in {self.rows} logged "
                "batches in a row, and its generator learns little from it. A weaker or slower one helps"
            )
            yield f"discriminator_won{suffix}", loss < self.loss_d, text

    def rates(self, measured: dict[str, float]) -> Iterator[tuple[str, bool, str]]:
        """Whether the learning rate is 0."""
        if "train/lr" in measured:
            text = (
                f"the learning rate was 0 in {self.rows} logged batches in a row: nothing is learnt. Type: "
                "model/schedule=constant, or a schedule for all epochs"
            )
            yield "no_learning_rate", measured["train/lr"] == 0, text

    def collapses(self, model: Model) -> Iterator[tuple[str, bool, str]]:
        """Whether the codes of a VAE say nearly nothing about the images (posterior collapse)."""
        if self.collapsed and "val/kl" in model.measured:
            found = signs_at(model, self.collapsed, EARLY)
            text = (
                f"the codes have collapsed, in {VALIDATIONS} validations in a row ({'; '.join(found)}): they say nearly "
                f"nothing of an image, and samples are all alike. {remedy(model, model.measured, 'val')}"
            )
            yield "collapsed", bool(found), text

    def saturations(self, measured: dict[str, float]) -> Iterator[tuple[str, bool, str]]:
        """For each direction: whether translations have more black and white values than real images."""
        for suffix in translated(measured, "val/saturated"):
            share, real = measured[f"val/saturated{suffix}"], measured[f"val/saturated_{target_of(suffix)}"]
            text = (
                f"translations{of(suffix)} are saturated: {100 * share:.0f} % of their values are black or white, "
                f"{100 * real:.0f} % in real images of the target. A lower rate helps: model.optimizer.lr=…"
            )
            yield f"saturated{suffix}", share - real > self.saturated, text

    def copies(self, measured: dict[str, float]) -> Iterator[tuple[str, bool, str]]:
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
        checkpoint["alarms"] = {"in_a_row": rows, "active": list(self.active), "raised": list(self.raised)}

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the counters and the alarms raised so far."""
        if state := checkpoint.get("alarms"):
            self.in_a_row, self.active = dict(state["in_a_row"]), list(state["active"])
            self.raised = list(state["raised"])


def ends_of(measured: dict[str, float], beginning: str) -> list[str]:
    """The suffixes of the metric names that start with ``beginning``."""
    return [name.removeprefix(beginning) for name in measured if name.startswith(beginning)]


def losses_d(measured: dict[str, float]) -> dict[str, float]:
    """The newest loss of each discriminator by name suffix: the mean of its real and fake losses, else ``loss_d``."""
    real, fake = "train/loss_d_real", "train/loss_d_fake"
    parts = {end: (measured[f"{real}{end}"] + measured[f"{fake}{end}"]) / 2 for end in ends_of(measured, real)}
    whole = {"": measured["train/loss_d"]} if "train/loss_d" in measured else {}
    return parts or whole


def translated(measured: dict[str, float], beginning: str) -> list[str]:
    """The name suffixes of translation metrics: empty (pairs), ``_AtoB`` or ``_BtoA``."""
    return [end for end in ends_of(measured, beginning) if end in ("", "_AtoB", "_BtoA")]


def target_of(suffix: str) -> str:
    """The target side of a direction, ``a`` or ``b``."""
    return "a" if suffix == "_BtoA" else "b"


def of(suffix: str) -> str:
    """The direction suffix as words of a sentence."""
    return suffix.replace("_", " ")
