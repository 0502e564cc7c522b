"""Several devices: who sends what to whom."""

from __future__ import annotations

import torch
from lightning.pytorch.strategies import DDPStrategy

from genlab.contracts import ConfigError, Problem
from genlab.models.base.adversarial import AdversarialModel
from genlab.models.base.model import Model


class PlayerSync(DDPStrategy):
    """Data-parallel training without the wrapper, for models with two players.

    The wrapper expects every backward to reach every parameter, which is never so when players take turns. Here the
    weights are made equal once, and ``AdversarialModel`` averages the gradients of the player that moves.
    """

    def configure_ddp(self) -> None:
        """Rank 0's weights for everyone."""
        assert self.model is not None
        for tensor in (*self.model.parameters(), *self.model.buffers()):
            torch.distributed.broadcast(tensor.data, 0)


def strategy_for(model: Model, name: str, processes: int) -> str | DDPStrategy:
    """What ``trainer.strategy=auto`` means for this model; any other name is taken as it is, if it can work.

    Raises:
        ConfigError: the named strategy cannot train a model with two players.
    """
    adversarial = isinstance(model, AdversarialModel)
    if name == "auto":
        if processes == 1:
            return "auto"
        return PlayerSync() if adversarial else DDPStrategy(broadcast_buffers=False)
    if adversarial and processes > 1:
        problem = f"{name} cannot train a model whose players take turns"
        raise ConfigError([Problem("trainer.strategy", problem, "Type: trainer.strategy=auto")])
    return name
