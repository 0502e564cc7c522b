"""The base of models with one loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from genlab.models.base import Model, Terms
from genlab.models.noise import Noise


class ObjectiveModel(Model):
    """A leaf returns its terms, [B] each, with the one to minimise called ``loss``; stepping and logging happen here."""

    @abstractmethod
    def terms(self, batch: Any, noise: Noise) -> Terms:
        """The named terms of the objective, one value an image; ``loss`` is minimised."""

    def evaluation_terms(self, batch: Any, noise: Noise) -> Terms:
        """The same terms as in training."""
        return self.terms(batch, noise)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The mean loss of the batch."""
        noise = self.noise("train", self.batches_seen)
        self.count(batch)
        terms = self.terms(batch, noise)
        self.guard(terms)
        self.report_training(terms)
        return terms["loss"].mean()

    def configure_optimizers(self) -> Optimizer:
        """One optimiser over everything."""
        return self.optimizer_for([self])
