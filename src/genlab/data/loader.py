"""Batches by slices of one array: no worker processes, no copies of single images, and a position that can be saved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from genlab.contracts import Images
from genlab.data.order import epoch_order, eval_batches, steps, train_batch


class Arrays:
    """The images and labels of one split, and how a batch is taken out of them."""

    def __init__(self, images: np.ndarray, labels: np.ndarray | None) -> None:
        self.images, self.labels = np.asarray(images), labels  # a plain view: indexing a memmap object costs twice

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray) -> Images:
        """uint8 images [B, C, H, W], labels and indices of these places."""
        label = None if self.labels is None else torch.from_numpy(self.labels[index])
        return Images(torch.from_numpy(self.images[index]), label, torch.from_numpy(index))


class TrainLoader:
    """Epoch after epoch, each in its own order.

    ``state_dict`` holds the epoch and the batches done in it. With a known length the item after the last is never
    asked for, so nothing may depend on code behind the last ``yield``: an epoch is over when the next one begins.
    """

    def __init__(self, arrays: Arrays, batch_size: int, seed: int, rank: int, world: int) -> None:
        self.arrays, self.batch_size, self.seed, self.rank, self.world = arrays, batch_size, seed, rank, world
        self.epoch = self.done = 0

    def __len__(self) -> int:
        return steps(len(self.arrays), self.batch_size, self.world)

    def __iter__(self) -> Iterator[Images]:
        if self.done >= len(self):
            self.epoch, self.done = self.epoch + 1, 0
        order = epoch_order(len(self.arrays), self.seed, self.epoch)
        for step in range(self.done, len(self)):
            self.done = step + 1
            yield self.arrays.take(train_batch(order, step, self.batch_size, self.rank, self.world))

    def state_dict(self) -> dict[str, int]:
        """Where we are."""
        return {"epoch": self.epoch, "done": self.done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go there."""
        self.epoch, self.done = state["epoch"], state["done"]


class EvalLoader:
    """Every image once, in order, shared among the ranks."""

    def __init__(self, arrays: Arrays, batch_size: int, rank: int, world: int) -> None:
        self.arrays = arrays
        self.batches = eval_batches(len(arrays), batch_size, rank, world)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Images]:
        for index in self.batches:
            yield self.arrays.take(index)
