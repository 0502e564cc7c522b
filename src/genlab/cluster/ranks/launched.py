"""How many processes a launcher has started, against what the configuration asks for."""

from __future__ import annotations

import os

from genlab.contracts import ConfigError, Problem
from genlab.rank_environment import launcher


def require_processes(processes: int, nodes: int) -> None:
    """Refuse a number of processes by torchrun that is not the configuration's: each would train on its own, or wait.

    Args:
        processes: by ``trainer.devices`` and ``trainer.num_nodes``.
        nodes: ``trainer.num_nodes``.

    Raises:
        ConfigError: with the words to type.
    """
    if launcher() != "torchrun":
        return
    started, here = int(os.environ["WORLD_SIZE"]), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if (started, here) == (processes, processes // nodes):
        return
    count = max(started // here, 1)
    what = f"torchrun has started {started} processes, {here} on this node, and these keys ask for {processes}"
    remedy = f"Type: trainer.devices={here}" + (f" trainer.num_nodes={count}" if count > 1 or nodes > 1 else "")
    raise ConfigError([Problem("trainer.devices, trainer.num_nodes", what, remedy)])
