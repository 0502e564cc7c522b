"""Data loaders that slice whole columns: no worker processes, no per-image objects, and a position that can be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Domains, Images, Kind, Pairs, Points
from genlab.data.store.columns import Chosen, Column, Crop, Ragged, drop_pages, gather, mmap_of
from genlab.data.store.order import (
    domain_order,
    epoch_order,
    eval_batches,
    eval_pairs,
    limited,
    steps,
    train_batch,
    weighted_order,
)
from genlab.data.store.resident import Resident, pin
from genlab.data.store.source import Columns

Batch = Images | Pairs | Domains | Points


class Rows:
    """One split of a set of any kind, from which batches are taken by row index.

    A row index is one number, or two for ``domains`` (one per domain). With ``resident``, batches are gathered on the
    accelerator.
    """

    def __init__(self, kind: Kind, columns: Columns, cut: Crop | None = None, resident: Resident | None = None) -> None:
        self.columns = {name: plain(column) for name, column in columns.items()}
        self.kind, self.cut, self.resident = kind, cut, resident
        self.maps = [pages for column in self.columns.values() if (pages := mmap_of(column)) is not None]

    def __len__(self) -> int:
        return max(len(column) for column in self.columns.values())

    @property
    def ragged(self) -> bool:
        """Whether images differ in size and are not cropped, so that a batch can hold only one."""
        return self.cut is None and any(isinstance(column, Ragged) for column in self.columns.values())

    def order(self, seed: int, epoch: int, weights: np.ndarray | None = None) -> np.ndarray:
        """All row indices in this epoch's order, [N]; for two domains [N, 2], with the smaller one repeated.

        ``weights``: how often each row comes, relative to the others; None: once.
        """
        if weights is not None:
            return weighted_order(weights, seed, epoch)
        if self.kind == "domains":
            return domain_order(len(self.columns["a"]), len(self.columns["b"]), seed, epoch)
        return epoch_order(len(self), seed, epoch)

    def take(self, rows: np.ndarray, epoch: int = 0) -> Batch:
        """The batch at ``rows``: cropped images as they are stored, labels and row indices as int64."""
        if self.kind == "domains":
            return self.take_domains(rows[:, 0], rows[:, 1], epoch)
        index = self.places(rows)
        if self.kind == "pairs":
            return Pairs(self.images("a", rows, epoch), self.images("b", rows, epoch), index)
        label = self.values("label", rows) if "label" in self.columns else None
        if self.kind == "points":
            return Points(self.values("x", rows), label, index)
        return Images(self.images("image", rows, epoch), label, index)

    def take_domains(self, a: np.ndarray, b: np.ndarray, epoch: int = 0) -> Domains:
        """A batch of images from two domains; outside training the two may differ in number."""
        return Domains(self.images("a", a, epoch), self.images("b", b, epoch, side=1), self.places(a), self.places(b))

    def places(self, rows: np.ndarray) -> Tensor:
        """Row indices, int64 [B], on the accelerator if the columns are resident."""
        return torch.from_numpy(rows) if self.resident is None else self.resident.places(rows)

    def values(self, name: str, rows: np.ndarray) -> Tensor:
        """The values at ``rows`` of a column without images."""
        column = self.columns[name]
        assert isinstance(column, np.ndarray)
        return torch.from_numpy(column[rows]) if self.resident is None else self.resident.rows(column, rows)

    def images(self, name: str, rows: np.ndarray, epoch: int, side: int = 0) -> Tensor:
        """The images at ``rows``, cropped, as they are stored, [B, C, H, W]."""
        if self.resident is not None:
            return self.resident.images(self.columns[name], rows, self.cut, epoch, side)
        batch = gather(self.columns[name], rows, self.cut, epoch, side)
        drop_pages(self.maps)
        return torch.from_numpy(batch)


def plain(column: Column) -> Column:
    """A column whose array is no memmap object: indexing one costs twice."""
    if isinstance(column, Chosen):
        return Chosen(np.asarray(column.whole), column.rows)
    return np.asarray(column) if isinstance(column, np.ndarray) else column


def map_tensors(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """Apply ``change`` to every tensor of a batch."""
    changed: Any = (x if x is None else change(x) for x in batch)
    return type(batch)(*changed)


def prefetch(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same batches in pinned memory; a thread prepares the next one while the current one is in use."""
    coming = (map_tensors(batch, pin) for batch in batches)
    with ThreadPoolExecutor(1) as worker:
        item = worker.submit(next, coming, None)
        while (batch := item.result()) is not None:
            item = worker.submit(next, coming, None)
            yield batch


class TrainLoader:
    """This rank's training batches, reshuffled every epoch; with ``ahead``, through ``prefetch``.

    ``state_dict`` holds the epoch and the batches done in it. Lightning stops after ``len`` batches without exhausting
    the iterator, so code after the last ``yield`` may never run: the epoch advances when the next iteration begins.

    Args:
        limit: batches in an epoch, or a share of them: ``Trainer.limit_train_batches``.
        same: every epoch has the order of the first: ``Trainer.overfit_batches``.
        weigh: asked at the start of each epoch how often each row is to come; None: once. A run that goes on within an epoch
            has the weights in its state, since what they were made of has been trained since.
    """

    def __init__(
        self,
        rows: Rows,
        batch_size: int,
        seed: int,
        rank: int,
        world: int,
        ahead: bool = False,
        limit: float = 1.0,
        same: bool = False,
        weigh: Callable[[], np.ndarray | None] | None = None,
    ) -> None:
        self.rows, self.batch_size, self.seed, self.rank, self.world = rows, batch_size, seed, rank, world
        self.ahead = prefetch if ahead else iter
        self.limit, self.same, self.weigh = limit, same, weigh
        self.weights: np.ndarray | None = None
        self.epoch = self.done = 0
        self.was_over = False  # where a resumed run stood; with another batch size ``done`` does not say it

    def __len__(self) -> int:
        return steps(len(self.rows), self.batch_size, self.world)

    def __iter__(self) -> Iterator[Batch]:
        if self.is_over():
            self.epoch, self.done, self.was_over = self.epoch + 1, 0, False
        if self.weigh is not None and (self.done == 0 or self.weights is None):
            self.weights = self.weigh()
        order, epoch = self.rows.order(self.seed, 0 if self.same else self.epoch, self.weights), self.epoch
        shares = (train_batch(order, k, self.batch_size, self.rank, self.world) for k in range(self.done, len(self)))
        batches = self.ahead(self.rows.take(share, epoch) for share in shares)
        for done, batch in enumerate(batches, self.done + 1):
            self.done = done  # one that was taken ahead is not done
            yield batch

    def is_over(self) -> bool:
        """Whether the epoch has had its batches."""
        return self.was_over or self.done >= limited(self.limit, len(self))

    def state_dict(self) -> dict[str, int]:
        """The epoch, the batches done in it, and whether these are all."""
        return {"epoch": self.epoch, "done": self.done, "over": self.is_over()}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue at the epoch and batch of ``state``."""
        self.epoch, self.done, self.was_over = state["epoch"], state["done"], bool(state.get("over"))


class EvalLoader:
    """Every image once, in order, divided among the ranks; uncropped images of varying size come one per batch."""

    def __init__(self, rows: Rows, batch_size: int, rank: int, world: int, ahead: bool = False) -> None:
        self.rows, self.ahead = rows, prefetch if ahead else iter
        size = 1 if rows.ragged else batch_size
        if rows.kind == "domains":
            counts = len(rows.columns["a"]), len(rows.columns["b"])
            self.batches: list[Any] = eval_pairs(*counts, size, rank, world)
        else:
            self.batches = [(batch,) for batch in eval_batches(len(rows), size, rank, world)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        take = self.rows.take_domains if self.rows.kind == "domains" else self.rows.take
        yield from self.ahead(take(*batch) for batch in self.batches)
