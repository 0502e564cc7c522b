"""A cell of a W&B sweep: the run that ``wandb agent`` has started, and what it has typed for it.

The server makes the run's id. An agent that is given a pre-empted cell again types more than the sweep's parameters: the whole
configuration that W&B has recorded of the run, written as Python writes it, and W&B's own ``_wandb``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

HIDDEN = "_wandb"  # the key of W&B's own notes
RECORDED = {HIDDEN, "choices"}  # keys that only a recorded configuration has


def agents_run_id() -> str | None:
    """The id of the run that a W&B agent has started in this process; None outside of a sweep."""
    return os.environ.get("WANDB_RUN_ID") or None if os.environ.get("WANDB_SWEEP_ID") else None


def agents_values() -> dict[str, Any]:
    """The values that the agent has typed, by key, as they were before it made text of them; empty outside of a sweep."""
    path = Path(os.environ.get("WANDB_SWEEP_PARAM_PATH") or "absent")
    if agents_run_id() is None or not path.is_file():
        return {}
    import yaml

    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {key: node["value"] for key, node in found.items() if isinstance(node, dict) and "value" in node}


def is_repeated(values: dict[str, Any]) -> bool:
    """Whether the agent has typed a recorded configuration: its cell was stopped, and is to go on."""
    return bool(RECORDED & values.keys())


def apart_from_parameters(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration for W&B beside a sweep's parameters.

    Where ``model: gan`` is one, it would replace the group; ``model.loss`` and the others are then keys of their own.
    """
    groups = {key: config[key] for key in agents_values() if isinstance(config.get(key), dict)}
    flat = {f"{key}.{name}": value for key, group in groups.items() for name, value in group.items()}
    return {**{key: value for key, value in config.items() if key not in groups}, **flat}
