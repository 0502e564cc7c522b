"""Samples that are measured: drawn alike on any number of ranks, without a trace in the random state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.data.store.order import repeated
from genlab.data.store.source import Modes, Prepared
from genlab.metrics.extractors.choose import Extractor
from genlab.metrics.modes import mode_coverage
from genlab.models.base.distributed import gather_everywhere, rank, world_size
from genlab.models.base.labels import for_model, needs_labels

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run
MODE_SAMPLES = 2500  # points, as in the tables of the literature on mode collapse


def unnoticed(device: torch.device) -> AbstractContextManager[None]:
    """What is drawn inside leaves the global random state as it was."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def labels_for(model: Any, prepared: Prepared, count: int) -> Tensor | None:
    """Labels for ``count`` samples, in the training set's own proportions; None for a model that needs none.

    Those of its rows, permutation after permutation, so attributes come together as they do there. [count] or [count, K].
    """
    known = prepared.labels["train"]
    if known is None or not needs_labels(model):
        return None
    return torch.from_numpy(np.asarray(known)[repeated(len(known), count, "labels of samples", SEED)])


def rows_of_samples(model: Any, labels: Tensor, columns: int, seed: int) -> Tensor:
    """A row of samples for each label, all rows of the same z. Labels [L] or [L, K] -> [L * columns, C, H, W]."""
    rows = [label.expand(columns, *label.shape).to(model.device) for label in labels]
    return torch.cat([model.sample(columns, label=row, seed=seed) for row in rows])


def generated_features(
    model: Any, count: int, extractor: Extractor, labels: Tensor | None = None, chunk: int = 250
) -> Tensor:
    """Features of ``count`` samples, [count, d] on the CPU, the same on any number of ranks.

    Chunk j is drawn by seed + j, on rank j modulo the number of ranks. A model that draws from the global random state
    all the same leaves it as it was: measuring must not change what is trained next.

    Args:
        model: what samples.
        count: how many.
        extractor: images -> features.
        labels: of the samples, for a model that needs them: [count] or [count, K].
        chunk: samples made at a time.
    """
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    parts = [None] * len(sizes) if labels is None else labels.split(chunk)
    with unnoticed(model.device):
        own = range(rank(), len(sizes), world_size())
        mine = {j: extractor(sampled(model, sizes[j], SEED + j, parts[j])).cpu() for j in own}
    made = {j: features for part in gather_everywhere(mine) for j, features in part.items()}
    return torch.cat([made[j] for j in range(len(sizes))])


def covered(model: Any, modes: Modes, labels: Tensor | None = None) -> dict[str, float]:
    """``modes`` and ``high_quality`` of ``MODE_SAMPLES`` fresh samples, drawn alike by every rank."""
    with unnoticed(model.device):
        x = sampled(model, MODE_SAMPLES, SEED, labels)
    return mode_coverage(x, torch.from_numpy(modes.centres).to(x.device), modes.sigma)


def sampled(model: Any, count: int, seed: int, labels: Tensor | None) -> Tensor:
    """``count`` samples, of these labels where the model needs any."""
    return model.sample(count, **for_model(model, None if labels is None else labels.to(model.device)), seed=seed)
