"""The tables of a sweep: one line a cell, and one line a run where cells have several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genlab.runs.table import write_csv
from genlab.sweeps.ranking import Cell, fold, rank
from genlab.sweeps.rows import Goal, Row
from genlab.sweeps.words import value_text


def cells_table(rows: Sequence[Row], goal: Goal | None) -> list[dict[str, Any]]:
    """One row a cell, best first; without a goal in order of their numbers.

    Columns: number, the varied parameters, state, replicates (the finished runs), seeds, the metrics, the goal's first,
    seconds (of a run) and path. Where cells have several seeds a metric is the mean over the finished runs and
    ``<metric>_std`` beside it the standard deviation (n - 1). A cell without a finished run has what its runs have
    reached, and stands below the others.
    """
    names, several = metric_names(rows, goal), has_replicates(rows)
    return [cell_line(cell, names, several) for cell in rank(fold(rows), goal)]


def cell_line(cell: Cell, names: list[str], several: bool) -> dict[str, Any]:
    """The cell as a row of the table; what is not known is None."""
    numbers: dict[str, Any] = {}
    for name in names:
        numbers[name] = cell.mean(name)
        numbers |= {f"{name}_std": cell.std(name)} if several else {}
    return {
        "number": cell.number,
        **typed(cell.values),
        "state": cell.state,
        "replicates": len(cell.counted) if cell.finished else 0,
        "seeds": " ".join(str(run.seed) for run in cell.runs),
        **numbers,
        "seconds": cell.seconds,
        "path": " ".join(run.path for run in cell.runs),
    }


def runs_table(rows: Sequence[Row], goal: Goal | None) -> list[dict[str, Any]]:
    """One row a run, in order of cell and replicate; columns as in the table of cells."""
    names = metric_names(rows, goal)
    return [
        {"number": row.number, "replicate": row.replicate, **typed(row.values), "state": row.state, "seed": row.seed}
        | {name: row.metrics.get(name) for name in names}
        | {"seconds": row.seconds, "path": row.path}
        for cell in fold(rows)
        for row in cell.runs
    ]


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """The parameters; what is no number as it is typed, so that ``null`` is no empty field."""
    return {key: value if isinstance(value, float) else value_text(value) for key, value in values.items()}


def metric_names(rows: Sequence[Row], goal: Goal | None) -> list[str]:
    """The goal's metric, then the others by name."""
    first = [goal[0]] if goal else []
    return first + sorted({name for row in rows for name in row.metrics} - set(first))


def has_replicates(rows: Sequence[Row]) -> bool:
    """Whether a cell is trained with more than one seed."""
    return any(row.replicate for row in rows)


def write_tables(folder: Path, rows: Sequence[Row], goal: Goal | None) -> list[Path]:
    """Write ``tables/cells.csv`` and, where cells have several seeds, ``tables/runs.csv`` in the sweep's folder."""
    tables = {"cells.csv": cells_table(rows, goal)}
    if has_replicates(rows):
        tables["runs.csv"] = runs_table(rows, goal)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, lines in tables.items():
        write_csv(folder / "tables" / name, lines)
    return [folder / "tables" / name for name in tables]
