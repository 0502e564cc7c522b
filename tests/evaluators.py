"""The evaluators of a configuration, attached to a model and its data."""

from types import SimpleNamespace

import torch
from torch import distributed

from genlab.apps.command.evaluators import build_evaluators
from genlab.callbacks.samples import SampleFeatures
from genlab.metrics.extractors.choose import random_features

SMALL = ["metrics.extractor=random", "metrics.val_samples=60", "metrics.test_samples=60"]
UNLABELLED = SimpleNamespace(labels={"train": None})


def evaluators(cfg, model, prepared, folder, tested="test"):
    """The callback that runs them. ``tested``: the split that the test goes over."""
    (evaluate,) = build_evaluators(cfg)
    evaluate.attach(model, prepared, folder, {"val": "val", "test": tested})
    return evaluate


class Dice:
    """Samples by its seed."""

    device = torch.device("cpu")

    def sample(self, n, *, label=None, seed=None):
        return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


def measured(model):
    """Features of three chunks, the last of them short; None where there are none."""
    extractor, features = random_features((1, 8, 8)), SampleFeatures(model, UNLABELLED, chunk=50)
    features.ask(extractor, 130)
    features.gather()
    return next(iter(features.of(extractor, 130).values()), None)


def measure_as(rank, folder):
    """One of two ranks: leaves the features in ``folder``."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(measured(Dice()), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()
