"""Who looks at a training from outside: before its first batch, every n batches between two updates, and once at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.checkpoints import passed
from genlab.contracts import NonFiniteLoss, Stopped
from genlab.data.store.source import PreparedData
from genlab.models.base.model import Model


class Observer(pl.Callback, ABC):
    """Asks for an observation of the weights that nothing has moved yet and then every n batches, for a conclusion at the end.

    The end is that of the training, of a signal that stopped it, or of a loss that was not finite; after any other error
    there is no conclusion. A resumed run does not observe where it goes on: that was done before the checkpoint, if it was
    due. Rank 0 alone observes.

    Args:
        every_n_batches: between two observations.
    """

    def __init__(self, every_n_batches: int) -> None:
        self.every_n_batches = every_n_batches
        self.observing = False
        self.looked = 0  # batches seen when it was last asked whether an observation is due

    @abstractmethod
    def attach(self, model: Model, prepared: PreparedData, title: str) -> None:
        """Take what is observed of a model and its data, whose name on pictures is ``title``.

        Raises:
            ConfigError: this model or data set has nothing of the kind.
        """

    def begin(self, model: Model) -> None:  # noqa: B027 - there may be nothing to take back
        """Take back what was observed after the checkpoint that the run goes on from."""

    @abstractmethod
    def observe(self, model: Model) -> None:
        """Note the state of now."""

    @abstractmethod
    def conclude(self, model: Model) -> None:
        """Make what comes of all that was noted."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Begin."""
        self.observing, self.looked = trainer.is_global_zero, pl_module.batches_seen
        if self.observing:
            self.begin(pl_module)
            if not pl_module.batches_seen:
                self.observe(pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Observe if that is due, between two updates."""
        if not self.observing or pl_module.inside_update():
            return
        before, self.looked = self.looked, pl_module.batches_seen
        if passed(self.every_n_batches, before, self.looked):
            self.observe(pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Conclude."""
        self.end(pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: Model, exception: BaseException) -> None:
        """Conclude a training that was stopped, and one whose loss was not finite."""
        if isinstance(exception, Stopped | NonFiniteLoss):
            self.end(pl_module)

    def end(self, model: Model) -> None:
        """Conclude, unless that is done already, or nothing was begun."""
        if self.observing:
            self.observing = False
            self.conclude(model)
