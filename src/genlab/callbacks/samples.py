"""Samples for metrics: the same on any number of ranks, without changing the global random state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.recall import Fresh
from genlab.callbacks.translations import SAMPLED, Way, require_finite
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.files import key_of
from genlab.metrics.extractors.extractor import Extractor
from genlab.models.base.distributed import gather_by_rank, rank, world_size
from genlab.models.base.labels import for_model, needs_labels

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run
APART = 10**9  # between the seeds of two replicates: more than there are chunks


def seed_of_chunk(number: int, replicate: int) -> int:
    """The seed of a chunk of samples; every replicate has its own."""
    return SEED + APART * replicate + number


def preserved_rng(device: torch.device) -> AbstractContextManager[None]:
    """Restore the global random state on exit."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def labels_for(model: Any, prepared: PreparedData, count: int) -> Tensor | None:
    """Labels [count] or [count, K] for samples, distributed as in the training set; None if the model needs none.

    They are rows of the training labels, in repeated permutations, so attributes keep their joint distribution.
    """
    known = prepared.labels["train"]
    if known is None or not needs_labels(model):
        return None
    return torch.from_numpy(np.asarray(known)[repeated(len(known), count, "labels of samples", SEED)])


def rows_of_samples(model: Any, labels: Tensor, columns: int, seed: int) -> Tensor:
    """A row of samples per label; all rows share the same z. Labels [L] or [L, K] -> [L * columns, C, H, W]."""
    rows = [label.expand(columns, *label.shape).to(model.device) for label in labels]
    return torch.cat([model.sample(columns, label=row, seed=seed) for row in rows])


def sampled(model: Any, count: int, seed: int, labels: Tensor | None) -> Tensor:
    """``count`` samples, conditioned on ``labels`` if the model needs labels."""
    return model.sample(count, **for_model(model, None if labels is None else labels.to(model.device)), seed=seed)


class SampleFeatures:
    """Features of samples; they depend only on extractor and count, not on other metrics or the number of ranks.

    Each chunk has a seed of its own. The global random state is restored afterwards, so measuring does not affect
    training.
    """

    def __init__(self, model: Any, prepared: PreparedData, recall: Fresh, chunk: int = 250) -> None:
        self.model, self.prepared, self.recall, self.chunk = model, prepared, recall, chunk
        self.wanted: dict[tuple[int, int], list[Extractor]] = {}  # by number and size of a chunk, who looks at it
        self.found: dict[tuple[str, tuple[int, int]], Tensor] = {}

    def chunks(self, count: int) -> list[tuple[int, int]]:
        """Index and size of each chunk."""
        return [(j, min(self.chunk, count - j * self.chunk)) for j in range(-(-count // self.chunk))]

    def ask(self, extractor: Extractor, count: int) -> None:
        """Request features that ``of`` will return."""
        for chunk in self.chunks(count):
            if extractor not in self.wanted.setdefault(chunk, []):
                self.wanted[chunk].append(extractor)

    def look(self, seen: Any, number: int) -> None:
        """No-op: samples do not depend on the batches of the split."""

    def gather(self) -> None:
        """Sample, and gather the features on rank 0. A collective: every rank must call it.

        Raises:
            NonFiniteImages: a sample is not a number.
        """
        if not self.wanted:
            return
        own = list(self.wanted)[rank() :: world_size()]
        labels = labels_for(self.model, self.prepared, max(j * self.chunk + size for j, size in self.wanted))
        mine: dict[tuple[str, tuple[int, int]], Tensor] = {}
        with preserved_rng(self.model.device):
            for j, size in own:
                part = None if labels is None else labels[j * self.chunk :][:size]
                mine |= {(name, (j, size)): features for name, features in self.features(j, size, part).items()}
                self.recall.advance()
        self.found = {key: x for part in gather_by_rank(mine).values() for key, x in part.items()}

    def features(self, j: int, size: int, labels: Tensor | None) -> dict[str, Tensor]:
        """Features [size, d] of a chunk on the CPU, by extractor; it is sampled only if one of them is not kept."""
        images: list[Tensor] = []

        def look(extractor: Extractor) -> Tensor:
            if not images:
                images.append(sampled(self.model, size, seed_of_chunk(j, self.recall.replicate), labels))
                require_finite(images[0], f"samples {j * self.chunk} to {j * self.chunk + size - 1}")
            return extractor(images[0]).cpu()

        known = key_of(None if labels is None else labels.tolist())
        return {
            one.key: self.recall.drawn(f"samples-{one.key}-{one.digest}-{known}-{j}-{size}", partial(look, one))
            for one in self.wanted[j, size]
        }

    def of(self, extractor: Extractor, count: int) -> dict[Way, Tensor]:
        """Features [count, d] on the CPU; empty on ranks other than 0."""
        if not self.found:
            return {}
        return {SAMPLED: torch.cat([self.found[extractor.key, chunk] for chunk in self.chunks(count)])}
