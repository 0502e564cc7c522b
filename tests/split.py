"""A model measured on images that it is handed batch by batch, without a trainer: by one process or as one of two ranks."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import distributed

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Seen
from genlab.callbacks.evaluators.ledger import Ledger
from genlab.callbacks.evaluators.likelihood import ImportanceSampled
from genlab.callbacks.recall import Fresh
from genlab.contracts import DataSpec, Images
from genlab.data.store.order import eval_batches
from genlab.data.store.source import PreparedData
from genlab.models.base.distributed import rank, world_size

from vae_parts import SHAPE, knows, linear, pictures

IMAGES = 40


def evaluation(model, images, stage="test"):
    """A stage on images [N, C, H, W]; the training set has the same, as bytes."""
    columns = {"image": (images.clamp(0, 1) * 255).round().byte().numpy()}
    spec = DataSpec("x", "images", SHAPE, dict.fromkeys(("train", "val", "test"), len(images)), "0")
    prepared = PreparedData(spec, dict.fromkeys(("train", "val", "test"), columns))
    return Evaluation(stage, stage, model, prepared, SimpleNamespace(), {}, {}, Fresh())


def measured(one, model, images, size=16, stage="test"):
    """The metrics that an evaluator has of this rank's batches, and the stage with its counts and tables."""
    now = evaluation(model, images, stage)
    one.begin(now)
    for number, rows in enumerate(eval_batches(len(images), size, rank(), world_size())):
        index = torch.from_numpy(np.asarray(rows))
        one.look(now, Seen(model, Images(images[index], None, index), 0), number)
    return now.totals.means() | one.finish(now), now


def nll(samples=300, images=None, block=None):
    return ImportanceSampled(1, [], samples, images, block)


def ledger(samples=200):
    return Ledger(1, [], samples)


def poor():
    """A linear VAE whose posterior is another than the true one."""
    return knows(linear(), off=0.2, wide=0.6)


def measure_as(rank, world, folder):
    """One of several ranks: leaves its numbers in ``folder``."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    values = [measured(one, poor(), pictures(IMAGES), 7)[0] for one in (nll(), ledger())]
    torch.save(values, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()
