"""A small classifier of two domains: how well translations fool it, and what FID between unpaired domains looks at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.console import progress
from genlab.contracts import Split
from genlab.data.store.columns import Column, Cut, taken
from genlab.data.store.order import repeated
from genlab.data.store.source import Prepared
from genlab.files import key_of
from genlab.metrics.extractors.classifier import Convnet, kept_network
from genlab.metrics.extractors.classifier_augment import COLOUR, SQUEEZE, TURN, ZOOM, resized, varied

SIDES = ("a", "b")  # the columns of a set of domains; a's label is 0, b's is 1
LARGEST = 128  # pixels of the shorter side that the classifier looks at
RECIPE: dict[str, Any] = {  # version: raise it when metrics/views.py changes
    **{"version": 2, "passes": 40, "least_steps": 60, "most_steps": 2500, "batch": 32, "seed": 0, "largest": LARGEST},
    **{"lr": 3e-3, "weight_decay": 0.05, "dropout": 0.3, "views": [ZOOM, SQUEEZE, TURN, COLOUR]},
}


def looked_at(shape: tuple[int, ...]) -> tuple[int, int]:
    """The size (H, W) that images of a set are shrunk to, in proportion, before the classifier sees them."""
    height, width = shape[1:]
    factor = min(1.0, LARGEST / min(height, width))
    return round(height * factor), round(width * factor)


def cached_domain_classifier(prepared: Prepared, cache_root: Path) -> tuple[Convnet, float]:
    """The classifier of this set's two domains and the share of test images that it tells right.

    Trained by the first who asks, then kept; training touches no global random state.
    """
    spec = prepared.spec
    key = key_of(RECIPE, spec.digest, spec.sizes, spec.shape, spec.note, prepared.augmentation.crop)
    path = cache_root / "features" / f"domains-{spec.name}-{key}.pt"
    with torch.random.fork_rng(devices=[]):
        return kept_network(path, lambda: trained_and_tested(prepared), network(prepared))


def network(prepared: Prepared) -> Convnet:
    """Untrained."""
    shape = prepared.spec.shape
    return Convnet((shape[0], *looked_at(shape)), levels=(2,))


def trained_and_tested(prepared: Prepared) -> dict[str, Any]:
    """What is kept of a classifier."""
    net = scaled(trained(prepared), prepared)
    return {"weights": net.state_dict(), "accuracy": accuracy(net, prepared)}


def trained(prepared: Prepared) -> Convnet:
    """AdamW with one cycle of the learning rate; half of every batch from either domain, however their sizes differ."""
    torch.default_generator.manual_seed(RECIPE["seed"])  # torch.manual_seed would reach into every GPU as well
    columns, half = prepared.columns["train"], RECIPE["batch"] // 2
    wanted = RECIPE["passes"] * sum(map(len, columns.values())) // (2 * half)
    total = min(max(wanted, RECIPE["least_steps"]), RECIPE["most_steps"])
    orders = [repeated(len(columns[side]), total * half, RECIPE["seed"], "classifier", side) for side in SIDES]
    net = network(prepared).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = optimizer_of(net)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RECIPE["lr"], total_steps=total)
    right = torch.arange(2).repeat_interleave(half)
    with progress(f"training the classifier that tells the domains of {prepared.spec.name}", total) as advance:
        for step in range(total):
            rows = [order[step * half : (step + 1) * half] for order in orders]
            x = varied(batch_of(prepared, rows, step))
            features = net.features(x.contiguous(memory_format=torch.channels_last))
            told = net.head(F.dropout(features.relu(), RECIPE["dropout"]))
            optimizer.zero_grad()
            F.cross_entropy(told, right).backward()
            optimizer.step()
            schedule.step()
            advance()
    return net.eval().to(memory_format=torch.contiguous_format)


def optimizer_of(net: Convnet) -> torch.optim.Optimizer:
    """AdamW; weights decay, biases and norms do not."""
    weights, others = ([p for p in net.parameters() if (p.ndim > 1) == wide] for wide in (True, False))
    groups = [{"params": weights, "weight_decay": RECIPE["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RECIPE["lr"], fused=True)


def batch_of(prepared: Prepared, rows: list[np.ndarray], step: int) -> Tensor:
    """Training images of both domains, cut as in training at places that ``step`` names, float [B, C, h, w] in [0, 1]."""
    crop, size = prepared.augmentation.crop, looked_at(prepared.spec.shape)
    cut = Cut(crop, RECIPE["seed"], random=True) if crop else None
    columns = [prepared.columns["train"][side] for side in SIDES]
    parts = [images_of(c, r, cut, size, step, i) for i, (c, r) in enumerate(zip(columns, rows, strict=True))]
    return torch.cat(parts)


def images_of(
    column: Column, rows: np.ndarray, cut: Cut | None, size: tuple[int, int], step: int = 0, side: int = 0
) -> Tensor:
    """Some images of a column, cut and shrunk, float [B, C, h, w] in [0, 1]; without a cut each has a size of its own."""
    if cut is not None:
        return resized(torch.from_numpy(taken(column, rows, cut, step, side)).float() / 255, size)
    return torch.cat([resized(torch.from_numpy(np.array(column[row]))[None].float() / 255, size) for row in rows])


def whole(prepared: Prepared, split: Split, side: str, chunk: int = 100) -> Iterator[Tensor]:
    """Every image of a domain as in evaluation, in batches [B, C, h, w] in [0, 1]."""
    crop, column = prepared.augmentation.crop, prepared.columns[split][side]
    for start in range(0, len(column), chunk):
        rows = np.arange(start, min(start + chunk, len(column)))
        yield images_of(column, rows, Cut(crop) if crop else None, looked_at(prepared.spec.shape))


@torch.no_grad()
def scaled(net: Convnet, prepared: Prepared) -> Convnet:
    """The same verdicts by features whose mean square over the training images is 1: the unit of FID, and KID's kernel
    is made for such. Its last hidden layer is divided by a number that its head is multiplied by.
    """
    squares = [net.features(x).square() for side in SIDES for x in whole(prepared, "train", side)]
    size = torch.cat(squares).mean().sqrt().clamp_min(1e-6)
    last = net.body[-1]
    assert isinstance(last, nn.Linear)
    last.weight.div_(size)
    last.bias.div_(size)
    net.head.weight.mul_(size)
    return net


@torch.no_grad()
def accuracy(net: Convnet, prepared: Prepared) -> float:
    """The share of the test images of both domains that are told right."""
    right, columns = 0, prepared.columns["test"]
    for label, side in enumerate(SIDES):
        right += sum(int((net(x).argmax(1) == label).sum()) for x in whole(prepared, "test", side))
    return float(right / sum(map(len, columns.values())))
