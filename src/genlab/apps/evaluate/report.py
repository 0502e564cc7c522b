"""What ``evaluate.py`` leaves: the table on screen and as ``tables/metrics.csv``, and ``summary.json``."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab import console
from genlab.apps.evaluate.measured import Measured
from genlab.apps.evaluate.table import COLUMNS, Row, drawn, over_seeds, table
from genlab.files import replacing
from genlab.runs.summary import NAME, Summary, versions


def report(cfg: DictConfig, measured: dict[str, Measured], output: Path) -> None:
    """Show the table, and write it and the summary to ``output``. ``measured``: by the checkpoint's short name."""
    rows = table(measured)
    for line in drawn(rows).splitlines():
        console.say(line)
    for row in rows:
        if not math.isfinite(row.value):
            console.say(f"note      {row.metric} of {row.checkpoint} is {row.value}: left out of {NAME}")
    if cfg.seeds > 1 and all(row.spread is None for row in rows):
        console.say(f"note      seeds={cfg.seeds}: nothing here draws noise, and every seed gives the same")
    (output / "tables").mkdir(parents=True, exist_ok=True)
    write_table(output / "tables" / "metrics.csv", rows)
    summary = Summary(output / NAME)
    each = {name: entry(one) for name, one in measured.items()}
    if len(each) == 1:
        summary.update(split=cfg.split, seeds=cfg.seeds, **next(iter(each.values())), versions=versions())
    else:
        summary.update(split=cfg.split, seeds=cfg.seeds, checkpoints=each, versions=versions())
    console.say(f"written to {output / NAME} and tables/metrics.csv beside it")


def write_table(path: Path, rows: list[Row]) -> None:
    """A row a metric and checkpoint, all digits; what is not there is empty."""
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in asdict(row).items()} for row in rows)


def entry(one: Measured) -> dict[str, Any]:
    """What the summary says of a checkpoint. ``by_seed``: the metrics that differ over several seeds."""
    numbers = over_seeds(one)
    found = {
        "ckpt": str(one.path),
        "step": one.step,
        "metrics": finite({name: value for name, (value, _) in numbers.items()}),
        "counts": one.counts,
        **one.facts,
    }
    if len(one.by_seed) > 1:
        spread = {name: spread for name, (_, spread) in numbers.items() if spread is not None}
        found["spread"] = finite(spread)
        found["by_seed"] = [finite({name: metrics[name] for name in spread}) for metrics in one.by_seed]
    return found


def finite(numbers: dict[str, float]) -> dict[str, float]:
    """Without those that JSON has no word for."""
    return {name: value for name, value in numbers.items() if math.isfinite(value)}
