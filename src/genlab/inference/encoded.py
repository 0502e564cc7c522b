"""Images of any split, of this set or another one, as a model sees them in evaluation; and their codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Images, Split
from genlab.data.store.loader import Batch, map_tensors
from genlab.data.store.module import StoreData
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.models.base.labels import for_model


@dataclass(frozen=True)
class Codes:
    """q(z|x) of images: mean [N, D], logvar [N, D] or None, and their labels [N] or [N, K], or None; on the CPU."""

    mean: Tensor
    logvar: Tensor | None
    label: Tensor | None


def chosen(index: Tensor, count: int, most: int) -> Tensor:
    """Which images of a split of ``count`` are among ``most`` of them, chosen evenly at random, the same for every model.

    The first ones would not do: a set may be sorted by its classes. int64 [B] -> bool [B].
    """
    return among(count, most).to(index.device)[index]


@lru_cache(maxsize=8)
def among(count: int, most: int) -> Tensor:
    """True for the images that are chosen. -> bool [count]."""
    kept = torch.zeros(count, dtype=torch.bool)
    kept[torch.from_numpy(repeated(count, min(count, most), "images"))] = True
    return kept


def batches(model: Any, prepared: PreparedData, split: Split, rows: np.ndarray) -> Iterator[Images]:
    """The images at ``rows`` in batches on the model's device, cropped as in evaluation, in the dtype of the weights."""
    data = StoreData(prepared, 1, 0)
    table = data.rows(split)
    size = 1 if table.ragged else data.eval_size
    for start in range(0, len(rows), size):
        batch: Batch = map_tensors(table.take(rows[start : start + size]), lambda x: x.to(model.device))
        shown: Any = data.on_after_batch_transfer(batch, 0)
        yield shown._replace(image=shown.image.to(model.weight_dtype))


def codes_of(model: Any, prepared: PreparedData, split: Split, rows: np.ndarray) -> Codes:
    """The codes of the images at ``rows``, in order."""
    means, logvars, labels = [], [], []
    for batch in batches(model, prepared, split, rows):
        code = model.encode(batch.image, **for_model(model, batch.label))
        means.append(code.mean.flatten(1).float().cpu())
        logvars += [] if code.logvar is None else [code.logvar.flatten(1).float().cpu()]
        labels += [] if batch.label is None else [batch.label.cpu()]
    joined = (torch.cat(parts) if parts else None for parts in (logvars, labels))
    return Codes(torch.cat(means), *joined)


def varied(attributes: tuple[str, ...], train: Codes, test: Codes) -> tuple[tuple[np.ndarray, np.ndarray], list[str]]:
    """The factors with two levels or more in what was drawn, int64 [N, K] of either, and their names."""
    assert train.label is not None
    assert test.label is not None
    learned, tested = train.label.numpy(), test.label.numpy()
    kept = [k for k in range(len(attributes)) if len(np.unique(learned[:, k])) > 1 and len(np.unique(tested[:, k])) > 1]
    return (learned[:, kept], tested[:, kept]), [attributes[k] for k in kept]
