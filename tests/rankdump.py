"""A user's own callback, trusted by name: writes what each rank holds, before anything could make the ranks equal.

Lightning gives every rank the state of rank 0 before it validates or tests by itself: what the ranks hold after that
proves nothing about the training.
"""

from pathlib import Path

import lightning.pytorch as pl
import torch

from genlab.models.base.distributed import from_rank_0
from genlab.models.base.pool import states


def state_of(model):
    """Weights and running statistics, copied."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def places(batch):
    """Where each row of a batch stands in its split; of two domains the places in the second."""
    return batch[-1].tolist()


class Dump(pl.Callback):
    """Saves ``<folder>/<rank>.pt``: this rank's state at five moments, its last gradients, its batches, its numbers, and the
    terms of every batch, as means over its own images.

    The moments: ``begun`` (the first epoch), ``collected`` (before a validation: the statistics that this rank has
    collected by itself), ``validated``, ``trained`` (the training is over), ``tested``.
    """

    def __init__(self, folder):
        self.folder, self.held, self.trained, self.seen, self.terms = Path(folder), {}, [], [], []

    def on_train_epoch_start(self, trainer, pl_module):
        self.held.setdefault("begun", state_of(pl_module))

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.trained.append(places(batch))
        self.terms.append({name: value.double().mean().clone() for name, value in pl_module.newest_terms.items()})

    def on_validation_start(self, trainer, pl_module):
        self.held["collected"] = state_of(pl_module)

    def on_validation_end(self, trainer, pl_module):
        self.held["validated"] = state_of(pl_module)

    def on_train_end(self, trainer, pl_module):
        self.held["trained"] = state_of(pl_module)
        self.held["gradients"] = {n: p.grad.clone() for n, p in pl_module.named_parameters() if p.grad is not None}
        self.held["images_seen"] = pl_module.images_seen
        self.hold_pools(pl_module)

    def hold_pools(self, model):
        """This rank's pools, what a checkpoint would say of everyone's, and what this rank would get back from it."""
        checkpoint = {}
        self.held["pools"] = states(model.pools())
        model.on_save_checkpoint(checkpoint)
        checkpoint = from_rank_0(checkpoint)  # who writes the file that every rank reads
        for pool in model.pools().values():
            pool.images = []
        model.on_load_checkpoint(checkpoint)
        self.held["saved_pools"], self.held["restored_pools"] = checkpoint.get("pools"), states(model.pools())

    def on_test_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        self.seen += places(batch)

    def on_test_end(self, trainer, pl_module):
        self.held |= {"tested": state_of(pl_module), "numbers": dict(pl_module.measured)}
        self.held |= {"batches": self.trained, "seen": self.seen, "terms": self.terms}
        torch.save(self.held, self.folder / f"{trainer.global_rank}.pt")
