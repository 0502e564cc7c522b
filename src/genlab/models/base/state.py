"""A model's state in a checkpoint besides its weights: counters, newest terms, and the image pools of every rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from genlab.models.base.distributed import gather_by_rank
from genlab.models.base.pool import states
from genlab.models.base.reporting import means_over_ranks

if TYPE_CHECKING:
    from genlab.models.base.model import Model

COUNTERS = ("batches_seen", "images_seen", "updates")


def save_state(model: Model, checkpoint: dict[str, Any]) -> None:
    """Add the state to ``checkpoint``. Collective: every rank must call it."""
    checkpoint["counters"] = {name: getattr(model, name) for name in COUNTERS}
    checkpoint["newest_terms"] = means_over_ranks(model.newest_terms, model.device)
    if model.pools():
        checkpoint["pools"] = gather_by_rank(states(model.pools()))


def load_state(model: Model, checkpoint: dict[str, Any], rank: int) -> None:
    """Restore the state from ``checkpoint``, with the pools of ``rank``."""
    for name in COUNTERS:
        setattr(model, name, checkpoint["counters"][name])
    model.newest_terms = {name: torch.tensor(value) for name, value in checkpoint.get("newest_terms", {}).items()}
    for name, images in checkpoint.get("pools", {}).get(str(rank), {}).items():
        model.pools()[name].restore(images)
