"""The base of models with one loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch.optim import Optimizer

from genlab.models.base.model import Model, Terms
from genlab.models.base.noise import Noise


class ObjectiveModel(Model):
    """A leaf returns its terms, [B] each, with the one to minimise called ``loss``; stepping and logging happen here."""

    @abstractmethod
    def terms(self, batch: Any, noise: Noise) -> Terms:
        """The named terms of the objective, one value an image; ``loss`` is minimised."""

    def evaluation_terms(self, batch: Any, noise: Noise) -> Terms:
        """The same terms as in training."""
        return self.terms(batch, noise)

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """Add this batch's gradients; step when ``accumulate_grad_batches`` have come together or the epoch ends."""
        noise = self.noise("train", self.batches_seen)
        self.count(batch)
        terms = self.terms(batch, noise)
        loss = terms["loss"].mean()
        self.guard(terms, loss)
        optimizer: Any = self.optimizers()
        place = batch_idx % self.accumulate_grad_batches
        if place == 0:
            optimizer.zero_grad()
        self.manual_backward(loss / self.group_size(batch_idx))
        if place + 1 == self.accumulate_grad_batches or self.trainer.is_last_batch:
            self.update(optimizer)
        self.report_training(terms)

    def group_size(self, batch_idx: int) -> int:
        """How many batches share this one's update: fewer at the end of an epoch."""
        first = batch_idx - batch_idx % self.accumulate_grad_batches
        return min(self.accumulate_grad_batches, self.batches_an_epoch - first)

    def inside_update(self, batch_idx: int) -> bool:
        """Whether gradients of an unfinished update are pending; never at the end of an epoch, which finishes it."""
        return (batch_idx + 1) % self.accumulate_grad_batches != 0 and not self.trainer.is_last_batch

    def configure_optimizers(self) -> Optimizer:
        """One optimiser over everything."""
        return self.optimizer_for([self])
