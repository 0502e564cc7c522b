"""What of a model travels in a checkpoint beside its weights: counters, newest terms, and the image pools of every rank."""

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
    """Put it into ``checkpoint``. On every rank: it talks to the others."""
    checkpoint["counters"] = {name: getattr(model, name) for name in COUNTERS}
    checkpoint["newest_terms"] = means_over_ranks(model.newest_terms, model.device)
    if model.pools():
        checkpoint["pools"] = gather_by_rank(states(model.pools()))


def load_state(model: Model, checkpoint: dict[str, Any], rank: int) -> None:
    """Take it out again; pools as ``rank`` had them."""
    for name in COUNTERS:
        setattr(model, name, checkpoint["counters"][name])
    model.newest_terms = {name: torch.tensor(value) for name, value in checkpoint.get("newest_terms", {}).items()}
    for name, images in checkpoint.get("pools", {}).get(str(rank), {}).items():
        model.pools()[name].restore(images)
