"""Which images each step consumed: the proof that a resumed run skipped nothing and saw nothing twice."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl

from genlab.models.base.distributed import gather_everywhere
from genlab.models.base.model import Model
from genlab.runs.table import Table


class Trace(pl.Callback):
    """Writes ``tables/indices.csv``: a row a step with the indices of the batch, in the order of the global batch."""

    def __init__(self) -> None:
        self.table: Table | None = None

    def attach(self, table: Table) -> None:
        """Where to write."""
        self.table = table

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Rank r holds the rows r, r + W, … of the global batch: gather them in that order."""
        mine = places(batch)
        everyones = gather_everywhere(mine)
        if self.table is not None and trainer.is_global_zero:
            indices = [index for row in zip(*everyones, strict=True) for index in row]
            self.table.append({"step": pl_module.batches_seen, "indices": " ".join(indices)})


def places(batch: Any) -> list[str]:
    """Where each row of the batch stands in its split; for two domains both places, ``3/17``."""
    columns = [getattr(batch, name).tolist() for name in batch._fields if name.startswith("index")]
    return ["/".join(map(str, row)) for row in zip(*columns, strict=True)]
