"""The evaluators of a configuration, attached to a model and its data."""

from types import SimpleNamespace

import torch
from torch import distributed

from genlab.apps.command.evaluators import build_evaluators
from genlab.callbacks.evaluators.evaluator import Seen
from genlab.callbacks.recall import Fresh
from genlab.callbacks.samples import SampleFeatures
from genlab.callbacks.translations import TranslationFeatures
from genlab.contracts import Domains
from genlab.data.store.order import eval_pairs
from genlab.metrics.extractors.small_networks import random_features
from genlab.models.base.distributed import rank, world_size
from genlab.models.base.totals import Totals

ALONE = ["metrics.bootstrap=0", "metrics.floor=false"]  # no error bars: numbers alone
FID_ALONE = ("metrics.kid=null", "metrics.classes=null")
SMALL = ["metrics.extractor=random", "metrics.val_samples=60", "metrics.test_samples=60", *ALONE]
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


class Negative:
    """Translates to the negative."""

    device = torch.device("cpu")

    def translate(self, x, direction):
        return 1 - x


def translated(count=61, fewer=40, size=7):
    """Features of this rank's batches of translations both ways, and the means of their terms, gathered on rank 0."""
    extractor, features, totals = random_features((1, 8, 8)), TranslationFeatures(Fresh()), Totals()
    features.ask(extractor, count - 1)
    a, b = (torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(n)) for n in (count, fewer))
    for number, (i, j) in enumerate(eval_pairs(count, fewer, size, rank(), world_size())):
        i, j = torch.from_numpy(i), torch.from_numpy(j)
        seen = Seen(Negative(), Domains(a[i], b[j], i, j), count)
        features.look(seen, number)
        totals.add({made.way.suffix: made.y.flatten(1).mean(1) for made in seen.translations})
    features.gather()
    found = {way.suffix: x for way, x in features.of(extractor, count).items()}
    return found, totals.means()


def measured(model):
    """Features of three chunks, the last of them short; None where there are none."""
    extractor, features = random_features((1, 8, 8)), SampleFeatures(model, UNLABELLED, Fresh(), chunk=50)
    features.ask(extractor, 130)
    features.gather()
    return next(iter(features.of(extractor, 130).values()), None)


def measure_as(rank, world, folder):
    """One of several ranks: leaves the features in ``folder``."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    torch.save((measured(Dice()), *translated()), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()
