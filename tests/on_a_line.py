"""GANs on a line whose generator and data are known, as an analysis is given them."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from genlab.analysis.base.subject import Subject
from genlab.apps.train.build import build_model
from genlab.contracts import DataSpec
from genlab.data.store.source import PreparedData
from genlab.runs.load import Loaded

SMALL = ["model=gan", "data=toy2d", "model.latent_dim=1", "trainer.accelerator=cpu"]
SMALL += ["model.net.generator_hidden=[8]", "model.net.discriminator_hidden=[32]"]


class Shifted(nn.Module):
    """G(z) = z + by: normal, of variance 1."""

    def __init__(self, by):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(float(by)))

    def forward(self, z):
        return z + self.by


def on_a_line(composed, generator, rows=20_000, *typed):
    """A subject whose data is standard normal, [rows, 1] in each split."""
    cfg = composed(*SMALL, *typed)
    dice = np.random.default_rng(0)
    columns = {split: {"x": dice.normal(size=(rows, 1)).astype(np.float32)} for split in ("train", "val", "test")}
    spec = DataSpec("line", "points", (1,), dict.fromkeys(columns, rows), "digest")
    model = build_model(cfg, spec).eval()
    model.generator = generator
    return Subject("line", Loaded(model, cfg, spec, "here", 0), "test", 0, lambda: PreparedData(spec, columns), Path)
