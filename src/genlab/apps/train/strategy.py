"""The strategy for several devices, the same for every model."""

from __future__ import annotations

from lightning.pytorch.strategies import DDPStrategy

from genlab.contracts import ConfigError, Problem
from genlab.models.base.distributed import broadcast_weights


class DataParallel(DDPStrategy):
    """Data-parallel training without torch's wrapper.

    The wrapper expects every backward pass to reach every parameter, which is not the case with alternating phases.
    Here rank 0's weights are broadcast once, and the model averages the gradients of the active phase during backward.
    """

    def configure_ddp(self) -> None:
        """Broadcast rank 0's weights instead of wrapping the model."""
        assert self.model is not None
        broadcast_weights(self.model)


def strategy_for(name: str, processes: int) -> str | DDPStrategy:
    """Resolve ``trainer.strategy``; ``auto`` is ``ddp`` if there are several processes.

    Raises:
        ConfigError: a strategy that would wrap or shard the model, or average gradients a second time.
    """
    if name == "ddp" or (name == "auto" and processes > 1):
        return DataParallel()
    if name == "auto":
        return "auto"
    what = "cannot train these models: they average the gradients of each phase themselves"
    raise ConfigError([Problem(f"trainer.strategy={name}", what, "Type: trainer.strategy=auto, or ddp")])
