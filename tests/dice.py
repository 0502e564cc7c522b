"""A user's own model, trusted by name: it throws every global dice, and its validation losses are known beforehand."""

import math
import random

import numpy as np
import torch

from genlab.models.base.model import Model

BATCHES = 5  # an epoch: an odd number, so that a spare number of each normal distribution waits at its end
KEYS = ("net", "latent_dim", "likelihood", "sigma", "output_activation", "logistic_mixtures", "penalty", "mixture")
OPTIONS = [
    "model=ae", "model._target_=dice.Dice", "trust=[dice]", "model.schedule.epochs=9",
    *(f"~model.{key}" for key in KEYS),
    "data=digits", f"data.limit={16 * BATCHES}", "data.batch_size=16",
]  # fmt: skip


class Dice(Model):
    """A level that follows the images and what python, numpy and torch throw, rank r's r + 1 times a batch.

    ``planted``: the validation losses, epoch by epoch; null: not a number. The first validation has a further number,
    which later ones have not.
    """

    def __init__(self, planted: list[float | None], optimizer, schedule, spec, seed):
        super().__init__(spec, optimizer, schedule, seed)
        self.planted = [math.nan if value is None else value for value in planted]
        self.level = torch.nn.Parameter(torch.zeros(2))

    def terms(self, batch, noise):
        wanted = batch.image.flatten(1).mean(1)
        for _ in range(self.global_rank + 1):
            wanted = wanted + random.gauss(0, 1) + np.random.standard_normal() + torch.randn(())
        return {"loss": (wanted - self.level.sum()).square()}

    def evaluation_terms(self, batch, noise):
        epoch = round(self.batches_seen / BATCHES) - 1
        loss = torch.full((len(batch.image),), self.planted[epoch])
        return {"loss": loss, "first": torch.ones_like(loss)} if epoch == 0 else {"loss": loss}
