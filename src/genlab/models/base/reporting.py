"""Reporting of a model's metrics: means over ranks, then one row for the loggers, ``measured`` and Lightning's callbacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from genlab.contracts import Split
from genlab.models.base.distributed import sum_over_ranks, world_size
from genlab.models.base.phases import Terms

if TYPE_CHECKING:
    from genlab.models.base.model import Model

GRADIENT_NORM = "grad_norm_"  # and the name of the phase: of a term that the mover adds


def means_over_ranks(terms: Terms, device: torch.device) -> dict[str, float]:
    """The mean of each term over the batch of all ranks. Synchronises with ``device``."""
    if not terms:
        return {}
    values = [value.detach().float().mean().to(device) for value in terms.values()]
    means = sum_over_ranks(torch.stack(values)) / world_size()
    return dict(zip(terms, means.tolist(), strict=True))


def without_overflow(means: dict[str, float]) -> dict[str, float]:
    """The means without a gradient norm that is not finite: a scaler has skipped that step, so that nothing moved by it."""
    return {n: x for n, x in means.items() if math.isfinite(x) or not n.startswith(GRADIENT_NORM)}


def report(model: Model, split: Split, values: dict[str, float]) -> None:
    """Report metrics: the split is prefixed, training rows get the learning rate; a sanity check logs nothing."""
    trainer = model.trainer
    named = {f"{split}/{name}": float(value) for name, value in values.items()}
    if split == "train" and trainer.optimizers:
        named["train/lr"] = float(trainer.optimizers[0].param_groups[0]["lr"])
    model.measured.update(named)
    trainer.callback_metrics.update({name: torch.tensor(value) for name, value in named.items()})
    if not trainer.sanity_checking:
        batches = trainer.num_training_batches  # in one pass over the training data, on one rank
        epoch = model.batches_seen / (int(batches) if batches not in (0, float("inf")) else 1)
        for logger in trainer.loggers:
            logger.log_metrics({"epoch": epoch, "images": model.images_seen, **named}, model.batches_seen)
