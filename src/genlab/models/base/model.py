"""Base class of all models: training phases, counters, and reporting of metrics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from genlab.contracts import DataSpec, Kind, LabelKind, Split
from genlab.losses.precision import without_autocast
from genlab.models.base.distributed import broadcast_buffers, rank, world_size
from genlab.models.base.ema import EMA
from genlab.models.base.finite import FiniteFlag
from genlab.models.base.keyed import Keyed
from genlab.models.base.labels import require_labelled
from genlab.models.base.mover import Mover, Pending
from genlab.models.base.noise import Noise
from genlab.models.base.optimizers import by_phase, make_optimizers, scale_rates
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms, one_phase, with_losses
from genlab.models.base.pool import ImagePool
from genlab.models.base.reporting import means_over_ranks, report, without_overflow
from genlab.models.base.schedules import THE_END, Schedule, Weight, value_at
from genlab.models.base.state import load_state, save_state
from genlab.models.base.tf32 import TF32
from genlab.models.base.totals import Totals

PLAIN = {"_current_fx_name", "batches_seen", "images_seen", "in_hand"}


class Model(Keyed):
    """A model defines training phases over its networks, and implements the protocols of ``genlab.contracts`` that apply.

    ``batches_seen`` is the step of every log row, schedule and checkpoint; Lightning's ``global_step`` counts
    optimiser steps, which differs as soon as there are two players.

    Models use Lightning's manual optimisation, with which its Trainer refuses ``gradient_clip_val``,
    ``gradient_clip_algorithm`` and ``accumulate_grad_batches``; the command sets them on the model instead.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images",)
    needs: ClassVar[tuple[LabelKind, ...]] = ()  # labels of one of these kinds, in training and in all its protocols
    conditional: ClassVar[bool] = True  # whether its protocols take these labels; False: training alone does
    monitor: ClassVar[str] = "val/loss"  # pattern of the metric that decides best.ckpt
    monitor_goal: ClassVar[Literal["minimize", "maximize"]] = "minimize"

    def __init__(self, spec: DataSpec, optimizer: OptimizerFactory, schedule: Schedule, seed: int) -> None:
        super().__init__()
        require_labelled(type(self).__name__, self.needs, spec)
        self.spec, self.seed = spec, seed
        self.make_optimizer, self.schedule = optimizer, schedule
        self.batches_seen = self.images_seen = self.updates = 0
        self.in_hand = 0  # batches of the newest update; 0 while one is still being collected
        self.pending: list[Pending] = []  # batches of an update that is not complete yet
        self.validated_at = -1  # batches_seen at the newest validation
        self.automatic_optimization = False
        self.gradient_clip_val: float | None = None
        self.gradient_clip_algorithm = "norm"
        self.accumulate_grad_batches = 1
        self.log_every = 50
        self.newest_terms: Terms = {}  # of the newest step of each phase
        self.measured: dict[str, float] = {}  # the newest value of every number reported
        self.recall: Callable[[str, Callable[[], Terms]], Terms] | None = None  # gives a test's terms that were kept
        self.totals = Totals()
        self.finite, self.tf32 = FiniteFlag(), TF32()
        self.ema: EMA | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Lightning sets ``_current_fx_name`` about thirty times a step; bypass nn.Module's handling for plain values."""
        if name in PLAIN:
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    # ---- what a leaf says ------------------------------------------------------------------------------------------

    def phases(self) -> Sequence[Phase]:
        """The training phases, in order. Default: one that trains everything on ``terms(batch, noise) -> {"loss": [B], …}``."""
        return one_phase(self)

    def shared(self, batch: Any, noise: Noise) -> Shared:
        """Tensors that several phases need, by name: computed once where the order of the phases allows."""
        return {}

    def pools(self) -> dict[str, ImagePool]:
        """Image pools by the name of a shared tensor, which ``detached`` phases see through its pool in training."""
        return {}

    def averaged(self) -> dict[str, nn.Module]:
        """The networks that their averages in ``ema`` replace outside training."""
        return {}

    def ended(self) -> Collection[str]:
        """Names of terms that training no longer computes, whose last values are not reported again."""
        return ()

    def notes(self) -> list[str]:
        """Notes on the metrics, shown when a run starts; collected from the model's parts and phases."""
        parts = [*self.children(), getattr(self, "objective", None), *self.phases()]
        notes = (getattr(part, "note", None) for part in parts)
        return [note for note in notes if note and isinstance(note, str)]

    # ---- one step --------------------------------------------------------------------------------------------------

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """Collect the batch; once there are enough for an update, run the phases."""
        self.pending.append(Pending(batch, self.noise("train", self.batches_seen), self.batches_seen + 1))
        self.batches_seen += 1  # its noise has been named
        self.images_seen += len(batch[0]) * world_size()
        last = self._trainer is not None and self.trainer.is_last_batch
        complete = len(self.pending) >= self.accumulate_grad_batches or last
        self.in_hand = len(self.pending) if complete else 0
        if complete:
            self.newest_terms |= self.mover.update(self.pending, self.updates)
            self.updates += 1
            self.pending = []
            self.report_training()

    @cached_property
    def phase_list(self) -> Sequence[Phase]:
        """The phases, cached."""
        return self.phases()

    @cached_property
    def mover(self) -> Mover:
        """Created in the first step, when the optimisers and the process group exist."""
        return Mover(self, self.phase_list, by_phase(self.phase_list, self.optimizers()))

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimiser for each phase that has parameters and does not share another's, in order."""
        return make_optimizers(self.phase_list, self.make_optimizer)

    def shared_of(self, batch: Any, noise: Noise) -> Shared:
        """``shared``, with dropout masks keyed by batch and rank."""
        with self.layer_noise(noise, "dropout"):
            return self.shared(batch, noise)

    def working(self) -> dict[str, nn.Module]:
        """The networks to use: the trained ones in training, else their averages if there are any."""
        nets = self.averaged()
        return nets if self.ema is None else self.ema.networks(nets, self.training)

    def inside_update(self) -> bool:
        """Whether an update still lacks accumulated batches; no checkpoint can be saved then."""
        return bool(self.pending)

    def at(self, weight: Weight) -> float:
        """A term's weight now, after the batches before this update: a schedule's first batch has what it starts with.

        Outside training, its final one, so that validation losses are comparable.
        """
        return value_at(weight, self.batches_seen - self.in_hand if self.training else THE_END)

    # ---- rates and checkpoints -------------------------------------------------------------------------------------

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate of this batch."""
        epochs = self.batches_seen / self.trainer.num_training_batches
        scale_rates(self.trainer.optimizers, self.schedule.factor(epochs))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add counters and pools to the weights; refuse to save after a non-finite loss."""
        self.finite.require()
        save_state(self, checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore counters and pools."""
        load_state(self, checkpoint, rank())

    # ---- numbers going out -----------------------------------------------------------------------------------------

    @property
    def logs_now(self) -> bool:
        """Whether the last update includes a ``log_every``-th batch, so that its terms are logged."""
        return self.batches_seen % self.log_every < self.in_hand

    def logs_within(self, updates: int) -> bool:
        """Whether terms are logged in this update or before ``updates`` more have begun, should none be cut short."""
        first, last = self.batches_seen - self.in_hand, self.batches_seen + (updates - 1) * self.accumulate_grad_batches
        return last // self.log_every > first // self.log_every

    def report_training(self) -> None:
        """Log the newest terms if ``logs_now``."""
        if not self.logs_now or not self._trainer:
            return
        newest = {name: value for name, value in self.newest_terms.items() if name not in self.ended()}
        means = means_over_ranks(newest, self.device)  # also of phases that have not moved since
        self.finite.require()
        self.report("train", without_overflow(means))

    def report(self, split: Split, values: dict[str, float]) -> None:
        """Send metrics to the loggers, to ``measured`` and to Lightning's callbacks; all metrics go through here."""
        report(self, split, values)

    # ---- validation and test ---------------------------------------------------------------------------------------

    def evaluation_terms(self, batch: Any, noise: Noise) -> Terms:
        """The terms of every phase on held-out images, without their losses, in the precision of the weights."""
        phases = [phase for phase in self.phase_list if phase.evaluated]
        with without_autocast(self.device.type):
            shared = self.shared_of(batch, noise)
            return {name: x for phase in phases for name, x in phase.terms(batch, shared, noise).items()}

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Add the batch's terms to the totals; the noise of an image is the same in every epoch."""
        self.totals.add(self.evaluation_terms(batch, self.evaluation_noise("val", batch_idx, batch)))

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """Add the batch's terms to the totals, as in validation; where a ``recall`` is set, those that it has."""

        def terms() -> Terms:
            return self.evaluation_terms(batch, self.evaluation_noise("test", batch_idx, batch))

        found = terms() if self.recall is None else self.recall(f"own-{batch_idx}", terms)
        self.totals.add({name: value.to(self.device) for name, value in found.items()})

    def on_validation_start(self) -> None:
        """Give all ranks the same buffers before they evaluate, and full products to the GPU."""
        broadcast_buffers(self)
        self.tf32.pause()

    on_test_start = on_validation_start

    def on_validation_end(self) -> None:
        """Give the GPU its faster products back, if training has them."""
        self.tf32.go_on()

    on_test_end = on_validation_end

    def on_validation_epoch_end(self) -> None:
        """Report the means over the whole set."""
        self.report("val", with_losses(self.phase_list, self.totals.means()))
        self.validated_at = self.batches_seen

    def on_test_epoch_end(self) -> None:
        """Report the means over the whole set."""
        self.report("test", with_losses(self.phase_list, self.totals.means()))

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluation mode without gradients; the previous mode is restored on exit."""
        training = self.training
        self.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.train(training)
