"""Samples of a subject, by its seed; of a model that needs labels, in the shares of the training set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.data.store.order import repeated
from genlab.models.base.labels import for_model, needs_labels
from genlab.random import keyed_number

CHUNK = 250  # samples at once


def drawn(subject: Subject, count: int) -> Iterator[Tensor]:
    """``count`` samples in chunks, [n, *shape]: images in [0, 1], or points."""
    labels = labels_of(subject, count)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        label = None if labels is None else labels[start : start + size].to(subject.device)
        seed = keyed_number(subject.seed, "samples", start)
        yield subject.model.sample(size, **for_model(subject.model, label), seed=seed)


def labels_of(subject: Subject, count: int) -> Tensor | None:
    """Labels [count] or [count, K]: rows of the training set; None of a model without."""
    if not needs_labels(subject.model):
        return None
    known = np.asarray(subject.prepared.labels["train"])
    return torch.from_numpy(known[repeated(len(known), count, "labels of samples", subject.seed)])
