"""What every model here has, whichever way it is trained: counters, keyed noise, and one way for numbers to go out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genlab.contracts import DataSpec, Kind, NonFiniteLoss, Split
from genlab.models.base.distributed import Totals, agree_on_buffers, sum_over_ranks
from genlab.models.base.noise import Noise, keyed_generator
from genlab.models.base.schedules import Schedule

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
Terms = dict[str, Tensor]
PLAIN = {"_current_fx_name", "batches_seen", "images_seen", "in_hand"}


class Model(pl.LightningModule, ABC):
    """The part that the two bases share. Not for leaves: derive from ``ObjectiveModel`` or ``AdversarialModel``.

    ``batches_seen`` is the step of every log row, schedule and checkpoint; Lightning's ``global_step`` counts
    optimiser steps, which is another thing as soon as there are two players.

    Both bases step by hand (Lightning's manual optimisation), so ``gradient_clip_val``, ``gradient_clip_algorithm`` and
    ``accumulate_grad_batches``, which Lightning then refuses, are handed over to the model by the command.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images",)
    monitor: ClassVar[str] = "val/loss"  # what "best" means: the metric that begins so (*: anything); less is better

    def __init__(self, spec: DataSpec, optimizer: OptimizerFactory, schedule: Schedule, seed: int) -> None:
        super().__init__()
        self.spec, self.seed = spec, seed
        self.make_optimizer, self.schedule = optimizer, schedule
        self.batches_seen = 0
        self.images_seen = 0
        self.in_hand = 1  # batches that terms are made of now: one; those of an update of two players, 0 before it
        self.validated_at = -1  # batches_seen at the newest validation
        self.automatic_optimization = False
        self.gradient_clip_val: float | None = None
        self.gradient_clip_algorithm = "norm"
        self.accumulate_grad_batches = 1
        self.log_every = 50
        self.measured: dict[str, float] = {}  # the newest value of every number reported
        self.totals = Totals()

    def __setattr__(self, name: str, value: Any) -> None:
        """Lightning notes the hook it is in some thirty times a step; plain values need none of a module's care."""
        if name in PLAIN:
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    # ---- what a leaf may say ---------------------------------------------------------------------------------------

    @abstractmethod
    def evaluation_terms(self, batch: Any, noise: Noise) -> Terms:
        """The terms [B] to average over a validation or test set."""

    @abstractmethod
    def inside_update(self, batch_idx: int) -> bool:
        """Whether an update has begun that further batches must finish: nothing can be saved then."""

    def notes(self) -> list[str]:
        """Sentences about the numbers, shown when the run begins."""
        return []

    def completed(self, means: dict[str, float]) -> dict[str, float]:
        """The means over a validation or test set, and what follows from them."""
        return means

    # ---- noise and counters ----------------------------------------------------------------------------------------

    def noise(self, stage: str, batch: int) -> Noise:
        """The noise of batch number ``batch`` of ``stage``, this rank's rows of it."""
        ranks = (self.global_rank, self.trainer.world_size) if self._trainer else (0, 1)
        return Noise(self.seed, stage, batch, self.device, self.weight_dtype, *ranks)

    def prior(self, seed: int | None, *shape: int) -> Tensor:
        """Standard normal numbers for samples, the same for the same ``seed`` (None: the model's own)."""
        stream = keyed_generator(self.device, "sample", self.seed if seed is None else seed)
        return torch.randn(*shape, generator=stream, device=self.device, dtype=self.weight_dtype)

    @property
    def weight_dtype(self) -> torch.dtype:
        """What the networks compute in."""
        return next(self.parameters()).dtype

    def count(self, batch: Any) -> None:
        """One more batch is being trained on; called as soon as its noise has been named."""
        self.batches_seen += 1
        self.images_seen += len(batch[0]) * (self.trainer.world_size if self._trainer else 1)

    def on_train_start(self) -> None:
        """All ranks begin with the same buffers; the strategy has made their weights the same, but not of every model these."""
        agree_on_buffers(self)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate of this batch."""
        factor = self.schedule.factor(self.batches_seen / self.trainer.num_training_batches)
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base_lr"] * factor

    def optimizer_for(self, modules: Iterable[nn.Module]) -> Optimizer:
        """The configured optimiser over these modules, remembering the rate that schedules start from."""
        optimizer = self.make_optimizer([p for module in modules for p in module.parameters() if p.requires_grad])
        for group in optimizer.param_groups:
            group["base_lr"] = float(group["lr"])
        return optimizer

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The counters travel with the weights."""
        checkpoint["counters"] = {"batches_seen": self.batches_seen, "images_seen": self.images_seen}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """And come back with them."""
        counters = checkpoint["counters"]
        self.batches_seen, self.images_seen = counters["batches_seen"], counters["images_seen"]

    # ---- numbers going out -----------------------------------------------------------------------------------------

    def guard(self, terms: Terms, loss: Tensor) -> None:
        """Stop before the update when the loss is no longer finite, and name the term that began it.

        On a CPU every batch is looked at; elsewhere looking would make every step wait for the device, so it is done
        on the batches that are logged.
        """
        if (loss.device.type != "cpu" and not self.logs_now) or math.isfinite(loss.item()):
            return
        first = next((name for name, value in terms.items() if name != "loss" and not value.isfinite().all()), "loss")
        raise NonFiniteLoss(
            f"{first} is no longer finite in batch {self.batches_seen}; stopped before the update. "
            "The newest checkpoint holds the weights before it. "
            "Try a lower rate (model.optimizer.lr=…) or trainer.gradient_clip_val=1."
        )

    def update(self, optimizer: Any) -> None:
        """Clip, if asked for, and step."""
        if self.gradient_clip_val:
            self.clip_gradients(optimizer, self.gradient_clip_val, self.gradient_clip_algorithm)
        optimizer.step()

    @property
    def logs_now(self) -> bool:
        """Whether an n-th batch is in hand, n being ``log_every``: its terms are logged."""
        return self.batches_seen % self.log_every < self.in_hand

    def report_training(self, terms: Terms) -> None:
        """Log the batch in hand, if it is its turn: means over the batch of all ranks."""
        if not self.logs_now or not self._trainer:
            return
        packed = torch.stack([value.detach().float().mean() for value in terms.values()])
        means = (sum_over_ranks(packed) / self.trainer.world_size).tolist()
        self.report("train", dict(zip(terms, means, strict=True)))

    def report(self, split: Split, values: dict[str, float]) -> None:
        """Every number's one way out: to the loggers, to ``measured``, and to Lightning's callbacks."""
        named = {f"{split}/{name}": float(value) for name, value in values.items()}
        if split == "train":
            named["train/lr"] = float(self.trainer.optimizers[0].param_groups[0]["lr"])
        self.measured.update(named)
        self.trainer.callback_metrics.update({name: torch.tensor(value) for name, value in named.items()})
        if not self.trainer.sanity_checking:
            row = {"epoch": self.batches_seen / self.batches_an_epoch, "images": self.images_seen, **named}
            for logger in self.trainer.loggers:
                logger.log_metrics(row, self.batches_seen)

    @property
    def batches_an_epoch(self) -> int:
        """Batches in one pass over the training data, on one rank."""
        batches = self.trainer.num_training_batches
        return int(batches) if batches not in (0, float("inf")) else 1

    # ---- validation and test ---------------------------------------------------------------------------------------

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Add the batch's terms to the totals; the noise is that of the batch's place, the same in every epoch."""
        self.totals.add(self.evaluation_terms(batch, self.noise("val", batch_idx)))

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """As in validation."""
        self.totals.add(self.evaluation_terms(batch, self.noise("test", batch_idx)))

    def on_validation_start(self) -> None:
        """All ranks evaluate the same model."""
        agree_on_buffers(self)

    def on_test_start(self) -> None:
        """All ranks evaluate the same model."""
        agree_on_buffers(self)

    def on_validation_epoch_end(self) -> None:
        """Means over the whole set."""
        self.report("val", self.completed(self.totals.means()))
        self.validated_at = self.batches_seen

    def on_test_epoch_end(self) -> None:
        """Means over the whole set."""
        self.report("test", self.completed(self.totals.means()))

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Networks in evaluation mode, no gradients; as before afterwards."""
        training = self.training
        self.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.train(training)
