"""The strategy for several devices, the same for every model."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from lightning.pytorch.strategies import DDPStrategy

from genlab.contracts import ConfigError, Problem
from genlab.models.base.distributed import broadcast_weights, connected, joined, wait_for
from genlab.rank_environment import name_of

STARTING = 600.0  # seconds: importing torch from a network file system may take a rank minutes


class DataParallel(DDPStrategy):
    """Data-parallel training without torch's wrapper.

    The wrapper expects every backward pass to reach every parameter, which is not the case with alternating phases.
    Here rank 0's weights are broadcast once, and the model averages the gradients of the active phase during backward.

    Args:
        timeout: seconds to wait for another rank.

    Attributes:
        started: the processes that this one has started, by the rank's name.
        on_connected: called on every rank as soon as all of them are connected.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timedelta(seconds=max(timeout, STARTING)))
        self.waits = timedelta(seconds=timeout)
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.on_connected: Callable[[], None] = lambda: None

    def setup_distributed(self) -> None:
        """Connect the ranks, over the hosts too, where every rank is at the same place.

        Raises:
            LostRank: one has not come.
        """
        self.adopt()
        before = connected()
        with joined():
            super().setup_distributed()
            wait_for(self.waits)
        if not before:
            self.on_connected()

    def adopt(self) -> None:
        """Take the started processes from Lightning, whose observer would kill this one without a word with any of them."""
        procs = list(getattr(self.launcher, "procs", []))
        if procs:
            self.launcher.procs.clear()  # type: ignore[union-attr]
            node = int(os.environ.get("NODE_RANK", "0"))
            self.started |= {name_of(node, local): process for local, process in enumerate(procs, 1)}

    def configure_ddp(self) -> None:
        """Broadcast rank 0's weights instead of wrapping the model."""
        assert self.model is not None
        broadcast_weights(self.model)

    def barrier(self, *args: Any, **kwargs: Any) -> None:
        """Lightning's, where a rank that does not come is named as such."""
        with joined():
            super().barrier(*args, **kwargs)

    def broadcast(self, obj: Any, src: int = 0) -> Any:
        """Lightning's, where a rank that does not come is named as such."""
        with joined():
            return super().broadcast(obj, src)


def strategy_for(name: str, processes: int, timeout: float) -> str | DDPStrategy:
    """Resolve ``trainer.strategy``; ``auto`` is ``ddp`` if there are several processes.

    Args:
        timeout: seconds to wait for another rank.

    Raises:
        ConfigError: a strategy that would wrap or shard the model, or average gradients a second time.
    """
    if name == "ddp" or (name == "auto" and processes > 1):
        return DataParallel(timeout)
    if name == "auto":
        return "auto"
    what = "cannot train these models: they average the gradients of each phase themselves"
    raise ConfigError([Problem(f"trainer.strategy={name}", what, "Type: trainer.strategy=auto, or ddp")])
