"""Records which images each step used, to show that a resumed run skips and repeats none."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl

from genlab.models.base.distributed import gather_everywhere
from genlab.models.base.model import Model
from genlab.runs.table import Table


class Trace(pl.Callback):
    """Writes ``tables/indices.csv``: one row per step with the indices of the global batch, in its order."""

    def __init__(self) -> None:
        self.table: Table | None = None

    def attach(self, table: Table) -> None:
        """Set the table to write to."""
        self.table = table

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Gather the global batch's indices; rank r of W ranks holds its rows r, r + W, …"""
        mine = places(batch)
        everyones = gather_everywhere(mine)
        if self.table is not None and trainer.is_global_zero:
            indices = [index for row in zip(*everyones, strict=True) for index in row]
            self.table.append({"step": pl_module.batches_seen, "indices": " ".join(indices)})


def places(batch: Any) -> list[str]:
    """The index in the split of each row of the batch; for two domains both indices, ``3/17``."""
    columns = [getattr(batch, name).tolist() for name in batch._fields if name.startswith("index")]
    return ["/".join(map(str, row)) for row in zip(*columns, strict=True)]
