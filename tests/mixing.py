"""One of two ranks that fit the mixture of a model's codes."""

import torch

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.code_mixture import fit_mixture
from genlab.config.compose import compose
from genlab.data.store.module import StoreData


def fit_as(rank, folder):
    """Fit, and leave the mixture in ``folder``/<rank>.pt; what rank 1 had before is not what it ends with."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    cfg = compose("train", ["model=ae", "data=digits", "model.latent_dim=3", "data.limit=100"])
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec)
    model.mixture.means += rank
    fit_mixture(model, StoreData(prepared, 32, 0))
    torch.save(model.mixture.state_dict(), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()
