"""A run that is acted upon in its middle, by a user's own callback, trusted by name; then continued, and compared."""

import json
import os
import signal

import lightning.pytorch as pl
import torch
from omegaconf import OmegaConf

from genlab.apps.train.train import run as run_train
from genlab.contracts import Stopped

# 17 batches an epoch, two epochs, and no save before the end
LONG = ["data=digits", "data.limit=170", "data.batch_size=10", "model.latent_dim=3", "trainer.max_epochs=2"]
LONG += ["checkpoint.every_n_epochs=1000", "checkpoint.every_n_steps=1000", "checkpoint.every_minutes=1000"]
LONG += ["metrics=none", "callbacks=trace", "~callbacks.pictures", "~callbacks.progress", "logger=csv"]
LONG += ["trainer.accelerator=cpu", "trainer.log_every_n_steps=1", "performance.allocator=false"]
LONG += ["model/schedule=cosine", "trust=[striking]", "+callbacks.at._target_=striking.At"]


class At(pl.Callback):
    """Calls ``action(stage, trainer, model)`` at the end of every batch, before anything is saved or left."""

    def on_train_batch_end(self, trainer, pl_module, *rest):
        action("train", trainer, pl_module)

    def on_validation_batch_end(self, trainer, pl_module, *rest):
        action("val", trainer, pl_module)

    def on_test_batch_end(self, trainer, pl_module, *rest):
        action("test", trainer, pl_module)


def nothing(stage, trainer, model):
    """What happens where no test wants anything."""


action = nothing


def sends(stage, batch, *names):
    """An action: signals to this process, once, in the first batch of ``stage`` with so many training batches seen."""
    waiting = list(names)

    def strike(where, trainer, model):
        while waiting and where == stage and model.batches_seen >= batch:
            os.kill(os.getpid(), getattr(signal, waiting.pop(0)))

    return strike


class Broken:
    """A run that is begun and continued with one configuration; ``undisturbed`` is the same in one piece."""

    def __init__(self, cfg, groups, runs, monkeypatch):
        OmegaConf.set_struct(cfg, False)
        self.cfg = OmegaConf.merge(cfg, groups, {"run_id": "a", "resume": "auto", "paths": {"runs": str(runs)}})
        self.run, self.monkeypatch = runs / "broken" / "a", monkeypatch

    def train(self, action=nothing, **changes):
        """Train, with ``changes`` in the configuration; gives the exit code."""
        self.monkeypatch.setattr("striking.action", action)
        return run_train(OmegaConf.merge(self.cfg, {"name": "broken"}, changes), [])

    def until(self, action=nothing, **changes):
        """Train; gives what was raised, if anything."""
        try:
            assert self.train(action, **changes) == 0
        except (Exception, Stopped, KeyboardInterrupt, SystemExit) as error:
            return error
        return None

    def undisturbed(self):
        """The directory of such a run."""
        assert self.train(name="whole") == 0
        return self.run.parents[1] / "whole" / "a"

    @property
    def summary(self):
        return json.loads((self.run / "summary.json").read_text())

    @property
    def saved(self):
        """After how many batches the newest checkpoint was written; None without one."""
        path = self.run / "checkpoints" / "last.ckpt"
        return torch.load(path, weights_only=True)["counters"]["batches_seen"] if path.exists() else None
