"""Small trainings in this process, alone or as one of two ranks: one pair of processes goes through many of them."""

import sys
from pathlib import Path

from genlab.compat import ensure_torchvision

ensure_torchvision()

import lightning.pytorch as pl  # noqa: E402
import torch  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from genlab.apps.command.paths import prepare  # noqa: E402
from genlab.apps.train.build import build_model, build_trainer  # noqa: E402
from genlab.data.store.module import StoreData  # noqa: E402
from rankdump import Dump  # noqa: E402


class Apart(pl.Callback):
    """Ranks that differ where they should not: in all they begin with, and in their statistics before the test."""

    def setup(self, trainer, pl_module, stage):
        if stage == "fit":
            part([*pl_module.parameters(), *pl_module.buffers()], trainer.global_rank)

    def on_test_start(self, trainer, pl_module):
        part(pl_module.buffers(), trainer.global_rank)


@torch.no_grad()
def part(tensors, rank):
    """Nothing happens to those of rank 0."""
    for tensor in tensors:
        tensor += rank


def configured(folder, devices):
    """What two ranks train in ``folder``; on one device with the batch of both."""
    cfg = OmegaConf.load(folder / "config.yaml")
    cfg.data.batch_size *= 2 // devices
    cfg.trainer.devices = devices
    return cfg


def built(cfg):
    """A model and its data."""
    prepared = prepare(cfg)
    return build_model(cfg, prepared.spec), StoreData(prepared, cfg.data.batch_size, cfg.seed)


def trained(cfg, folder):
    """Train and test; gives the model, and leaves what this rank held in ``folder``."""
    model, data = built(cfg)
    trainer = build_trainer(cfg, model, [Apart(), Dump(folder)], [], folder)
    trainer.fit(model, data)
    trainer.test(model, data, verbose=False)
    return model


def tested(cfg, folder, state):
    """The numbers of the test, with the weights that are given."""
    model, data = built(cfg)
    model.double().load_state_dict(state)
    build_trainer(cfg, model, [], [], folder).test(model, data, verbose=False)
    return model.measured


def train_as(rank, folder, cases):
    """One rank's way through the cases: trains what ``folder``/<case>/config.yaml says, leaves ``folder``/<case>/<rank>.pt.

    ``LOCAL_RANK`` in the environment tells Lightning that all processes have been started.
    """
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    for case in cases:
        print(f"---- {case}", file=sys.stderr, flush=True)
        trained(configured(Path(folder) / case, 2), Path(folder) / case)
    torch.distributed.destroy_process_group()
