"""The table of metrics: one row a metric and checkpoint, with all that tells how far a number can be trusted."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields, replace
from statistics import fmean, stdev
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from genlab.apps.evaluate.measured import Measured
from genlab.metrics.directions import direction
from genlab.metrics.names import with_asides
from genlab.runs.final_table import BESIDE

ASIDES = {end: column for column, end in BESIDE.items() if end}  # columns by the end of a metric's name
WIDE = 200  # characters, where no terminal says how many there are


@dataclass(frozen=True)
class Row:
    """A metric of a checkpoint; None: there is no such number.

    ``value`` is the mean over the seeds, ``spread`` the standard deviation over them, where the seed matters; ``best``
    is that of several checkpoints.
    """

    metric: str
    checkpoint: str
    value: float
    standard_error: float | None = None
    spread: float | None = None
    extrapolated: float | None = None
    extrapolated_standard_error: float | None = None
    floor: float | None = None
    generated: int | None = None
    real: int | None = None
    best: bool = False


COLUMNS = tuple(one.name for one in fields(Row))


def over_seeds(measured: Measured) -> dict[str, tuple[float, float | None]]:
    """The mean of each metric over the seeds, and its standard deviation; None where all seeds give the same.

    What stands beside a number is worked out with the first seed alone.
    """
    found: dict[str, tuple[float, float | None]] = {}
    for name in measured.by_seed[0]:
        values = [metrics[name] for metrics in measured.by_seed if name in metrics]
        same = all(value == values[0] or math.isnan(value) for value in values)
        found[name] = (values[0], None) if same else (fmean(values), stdev(values))
    return found


def rows_of(checkpoint: str, measured: Measured) -> list[Row]:
    """The rows of a checkpoint."""
    numbers = over_seeds(measured)
    rows = []
    for name, asides in with_asides({name: value for name, (value, _) in numbers.items()}).items():
        more: dict[str, Any] = {column: asides[end] for end, column in ASIDES.items() if end in asides}
        more |= {"generated": measured.counts.get(name), "real": measured.counts.get(f"{name}_real")}
        rows.append(Row(name, checkpoint, asides[""], spread=numbers[name][1], **more))
    return rows


def table(measured: dict[str, Measured]) -> list[Row]:
    """The rows of all checkpoints, metric by metric; of several the best of each is marked where it is clear what is."""
    rows = [row for name, one in measured.items() for row in rows_of(name, one)]
    metrics = list(dict.fromkeys(row.metric for row in rows))
    return [row for metric in metrics for row in marked([row for row in rows if row.metric == metric])]


def marked(rows: list[Row]) -> list[Row]:
    """The rows of one metric, the best of which say so."""
    sign = direction(rows[0].metric)
    finite = [sign * row.value for row in rows if math.isfinite(row.value)]
    if sign == 0 or len(set(finite)) < 2:
        return rows
    return [replace(row, best=sign * row.value == max(finite)) for row in rows]


# ---- on screen -----------------------------------------------------------------------------------------------------


def drawn(rows: list[Row]) -> str:
    """The table as text; columns that nothing stands in are left out."""
    several = len({row.checkpoint for row in rows}) > 1
    shown = {
        "metric": [row.metric for row in rows],
        "checkpoint": [row.checkpoint if several else "" for row in rows],
        "value": [f"{row.value:.6g}{'*' if row.best else ''}" for row in rows],
        "standard error": [short(row.standard_error) for row in rows],
        "spread over seeds": [short(row.spread) for row in rows],
        "extrapolated": [with_error(row.extrapolated, row.extrapolated_standard_error) for row in rows],
        "floor": [short(row.floor) for row in rows],
        "generated": [counted(row.generated) for row in rows],
        "real": [counted(row.real) for row in rows],
    }
    columns = {name: cells for name, cells in shown.items() if any(cells)}
    whole = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        whole.add_column(name, justify="left" if name in ("metric", "checkpoint") else "right", overflow="fold")
    for i, cells in enumerate(zip(*columns.values(), strict=True)):
        repeated = i > 0 and rows[i].metric == rows[i - 1].metric
        whole.add_row("" if repeated else cells[0], *cells[1:])
    text = io.StringIO()
    Console(file=text, width=width()).print(whole)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    legend = (
        ["*: the best of the checkpoints, where it is certain whether lower or higher is better"]
        if any(row.best for row in rows)
        else []
    )
    return "\n".join([*filter(None, lines), *legend])


def width() -> int:
    """Of the terminal."""
    console = Console(stderr=True)
    return console.width if console.is_terminal else WIDE


def short(value: float | None) -> str:
    """Two digits, as errors have."""
    return "" if value is None else f"{value:.2g}"


def with_error(value: float | None, error: float | None) -> str:
    """``1.23 ± 0.05``."""
    return "" if value is None else f"{value:.4g}" + ("" if error is None else f" ± {short(error)}")


def counted(count: int | None) -> str:
    """``10,000``."""
    return "" if count is None else f"{count:,}"
