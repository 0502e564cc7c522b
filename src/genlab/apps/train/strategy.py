"""Several devices: one strategy for every model."""

from __future__ import annotations

from lightning.pytorch.strategies import DDPStrategy

from genlab.contracts import ConfigError, Problem
from genlab.models.base.distributed import broadcast_weights


class DataParallel(DDPStrategy):
    """Data-parallel training without torch's wrapper.

    The wrapper expects every backward to reach every parameter, which is never so when phases take turns. Here the
    weights are made equal once, and the model averages the gradients of the phase that moves while backward runs.
    """

    def configure_ddp(self) -> None:
        """Rank 0's weights for everyone."""
        assert self.model is not None
        broadcast_weights(self.model)


def strategy_for(name: str, processes: int) -> str | DDPStrategy:
    """What ``trainer.strategy`` means: ``auto`` is one process alone, or ``ddp``.

    Raises:
        ConfigError: a strategy that would wrap, shard or average once more what the models do themselves.
    """
    if name == "ddp" or (name == "auto" and processes > 1):
        return DataParallel()
    if name == "auto":
        return "auto"
    what = "cannot train these models: they average the gradients of each phase themselves"
    raise ConfigError([Problem(f"trainer.strategy={name}", what, "Type: trainer.strategy=auto, or ddp")])
