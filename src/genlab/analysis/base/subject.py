"""A trained model to look at, with the data of its run: opened only when an analysis asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genlab.config.build import build
from genlab.contracts import Split
from genlab.data.store.loader import Batch, TrainLoader
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.models.base.model import Model
from genlab.random import keyed, keyed_number
from genlab.runs.find import folder_of
from genlab.runs.load import Loaded


@dataclass
class Subject:
    """A trained model and its data.

    Args:
        name: short, for tables.
        loaded: the model on its device, and the configuration of its run.
        split: the held-out part to look at.
        seed: of all that is drawn.
        prepare: opens the data set of the run.
        cache: tells the folder where extractors and their features are kept.
        trust: packages that its configuration may name.
        second: opens another set, for an analysis with ``against``.
    """

    name: str
    loaded: Loaded
    split: Split
    seed: int
    prepare: Callable[[], PreparedData]
    cache: Callable[[], Path]
    trust: tuple[str, ...] = ()
    second: Callable[[], PreparedData] | None = None

    @property
    def model(self) -> Any:
        """The model, in evaluation mode."""
        return self.loaded.model

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.loaded.model.device

    @property
    def directory(self) -> Path:
        """The run directory, or the folder in which the checkpoint lies by itself."""
        return folder_of(self.loaded.path)

    @property
    def title(self) -> str:
        """Model, data set and batch, for pictures."""
        return f"{self.loaded.config.choices.model} on {self.loaded.spec.name}, batch {self.loaded.step:,}"

    @cached_property
    def prepared(self) -> PreparedData:
        """The data set.

        Raises:
            DataError: it is missing or damaged.
        """
        return self.prepare()

    @cached_property
    def data(self) -> StoreData:
        """Its batches."""
        return StoreData(self.prepared, 1, self.seed)

    def anew(self, purpose: str) -> Model:
        """A model of the same configuration with weights drawn by ``seed`` and purpose, on the device."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(keyed_number(self.seed, purpose))
            model: Model = build(self.loaded.config.model, self.trust, spec=self.loaded.spec, seed=self.seed)
        return model.to(self.device, self.loaded.model.weight_dtype)

    def held_out(self, split: Split, count: int) -> Iterator[Batch]:
        """Batches of at most ``count`` rows of a split, drawn by ``seed``, neither flipped nor cropped at random."""
        rows = self.data.rows(split)
        chosen = np.sort(keyed(self.seed, "analysis", split).permutation(len(rows))[:count])
        size = 1 if rows.ragged else self.data.eval_size
        for start in range(0, len(chosen), size):
            yield self.on_device(rows.take(chosen[start : start + size]))

    def training(self, batch_size: int) -> Iterator[Batch]:
        """Training batches without end, in an order by ``seed`` and epoch, never flipped."""
        loader = TrainLoader(self.data.rows("train", random=True), batch_size, self.seed, 0, 1)
        while True:
            for batch in loader:
                yield self.on_device(batch)

    def on_device(self, batch: Batch) -> Batch:
        """The batch as a model takes it."""
        moved = self.data.transfer_batch_to_device(batch, self.device, 0)
        return self.data.on_after_batch_transfer(moved, 0)
