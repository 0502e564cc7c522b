"""When the mixture of a model's codes is fitted: once the training is over, before the test; the same on every rank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.checkpoints import Checkpoints
from genlab.console import say
from genlab.data.store.module import StoreData
from genlab.models.base.code_mixture import SamplesCodes, has_unfitted
from genlab.models.base.distributed import broadcast_buffers, rank
from genlab.models.base.labels import for_model
from genlab.models.base.model import Model
from genlab.random import keyed


class FitMixture(pl.Callback):
    """Fits it before a test, where it is missing; training on invalidates it.

    Args:
        checkpoints: of a run; its ``last.ckpt`` gets the mixture as well. None: it is fitted in memory only.
    """

    def __init__(self, checkpoints: Checkpoints | None = None) -> None:
        self.checkpoints = checkpoints

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """The codes will change."""
        if isinstance(pl_module, SamplesCodes) and pl_module.mixture is not None:
            pl_module.mixture.clear()

    def on_test_start(self, trainer: Any, pl_module: Model) -> None:
        """Fit it, and add it to ``last.ckpt``."""
        if not has_unfitted(pl_module):
            return
        fit_mixture(pl_module, trainer.datamodule)
        checkpoints = self.checkpoints
        if checkpoints and trainer.is_global_zero and checkpoints.saved == pl_module.batches_seen:
            add_weights(trainer.strategy.checkpoint_io, checkpoints.folder / "last.ckpt", pl_module)


def fit_mixture(model: Any, data: StoreData) -> None:
    """Fit the mixture to the codes of training images. Collective: rank 0 fits, the others get it."""
    if rank() == 0:
        say(f"mixture   of {model.mixture.components} Gaussians, fitted to the codes of training images")
        model.mixture.fit(training_codes(model, data), model.seed)
    broadcast_buffers(model.mixture)


def training_codes(model: Any, data: StoreData) -> Tensor:
    """Codes [N, D] on the CPU of up to ``mixture.images`` training images, drawn by the seed."""
    rows, found = data.rows("train"), []
    drawn = keyed("codes", model.seed).permutation(len(rows))[: model.mixture.images]
    for places in np.array_split(np.sort(drawn), -(-len(drawn) // data.eval_size)):
        batch: Any = data.floats(data.transfer_batch_to_device(rows.take(places), model.device, 0), None)
        found.append(model.encode(batch.image.to(model.weight_dtype), **for_model(model, batch.label)).mean.cpu())
    return torch.cat(found)


def add_weights(io: Any, path: Path, model: Model) -> None:
    """Put the model's weights of now into a checkpoint; all else in it stays."""
    checkpoint = io.load_checkpoint(path)
    checkpoint["state_dict"] = model.state_dict()
    io.save_checkpoint(checkpoint, path)
