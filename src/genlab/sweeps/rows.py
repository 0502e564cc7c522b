"""A run of a sweep as a plain row, from which its tables, its pictures and the screen are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

FINISHED = "finished"
State = Literal["waiting", "running", "finished", "failed", "interrupted", "preempted", "pruned"]
Goal = tuple[str, str]  # a metric and ``minimize`` or ``maximize``, as in a W&B sweep file


@dataclass(frozen=True)
class Row:
    """One run: a cell of the sweep, trained with one seed.

    Args:
        number: of the cell.
        values: the varied parameters by key, such as ``{"model.beta": 4.0}``.
        replicate: 0, 1, 2 … where each cell is trained with several seeds.
        metrics: those of the last weights, by name: ``val/elbo``, ``test/mse`` …
        path: the run directory, relative to the sweep's folder.
        ended: when it ended, seconds since the epoch; None if it has not, or if that is not known.
    """

    number: int
    values: dict[str, Any]
    replicate: int
    seed: int
    state: str
    metrics: dict[str, float]
    path: str
    seconds: float | None
    ended: float | None = None
