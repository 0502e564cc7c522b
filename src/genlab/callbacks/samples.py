"""Samples for evaluation: the same on any number of ranks, and without side effects on the random state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.translations import SAMPLED, Way
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import Extractor
from genlab.models.base.distributed import gather_by_rank, rank, world_size
from genlab.models.base.labels import for_model, needs_labels

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run


def preserved_rng(device: torch.device) -> AbstractContextManager[None]:
    """Restore the global random state on exit."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def labels_for(model: Any, prepared: PreparedData, count: int) -> Tensor | None:
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


def sampled(model: Any, count: int, seed: int, labels: Tensor | None) -> Tensor:
    """``count`` samples, of these labels where the model needs any."""
    return model.sample(count, **for_model(model, None if labels is None else labels.to(model.device)), seed=seed)


class SampleFeatures:
    """Features of samples, the same for an extractor and a count whatever else is measured, on any number of ranks.

    Chunk j is drawn by seed + j. A model that draws from the global random state all the same leaves it as it was:
    measuring must not change what is trained next.
    """

    def __init__(self, model: Any, prepared: PreparedData, chunk: int = 250) -> None:
        self.model, self.prepared, self.chunk = model, prepared, chunk
        self.wanted: dict[tuple[int, int], list[Extractor]] = {}  # by number and size of a chunk, who looks at it
        self.found: dict[tuple[str, tuple[int, int]], Tensor] = {}

    def chunks(self, count: int) -> list[tuple[int, int]]:
        """Numbers and sizes."""
        return [(j, min(self.chunk, count - j * self.chunk)) for j in range(-(-count // self.chunk))]

    def ask(self, extractor: Extractor, count: int) -> None:
        """Register a later request to ``of``."""
        for chunk in self.chunks(count):
            if extractor not in self.wanted.setdefault(chunk, []):
                self.wanted[chunk].append(extractor)

    def look(self, seen: Any) -> None:
        """Ignore the batch: samples need no images."""

    def gather(self) -> None:
        """Sample, and gather the features on rank 0. Collective: every rank must call it."""
        if not self.wanted:
            return
        own = list(self.wanted)[rank() :: world_size()]
        labels = labels_for(self.model, self.prepared, max(j * self.chunk + size for j, size in self.wanted))
        mine: dict[tuple[str, tuple[int, int]], Tensor] = {}
        with preserved_rng(self.model.device):
            for j, size in own:
                part = None if labels is None else labels[j * self.chunk :][:size]
                images = sampled(self.model, size, SEED + j, part)
                mine |= {(look.name, (j, size)): look(images).cpu() for look in self.wanted[j, size]}
        self.found = {key: x for part in gather_by_rank(mine).values() for key, x in part.items()}

    def of(self, extractor: Extractor, count: int) -> dict[Way, Tensor]:
        """[count, d] on the CPU, on rank 0; nothing elsewhere."""
        if not self.found:
            return {}
        return {SAMPLED: torch.cat([self.found[extractor.name, chunk] for chunk in self.chunks(count)])}
