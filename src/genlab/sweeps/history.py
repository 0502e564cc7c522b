"""The values of a metric over a run, from its ``metrics.csv``."""

from __future__ import annotations

import csv
from pathlib import Path


def history(run: Path, metric: str) -> list[float]:
    """Each value in the order of the rows; empty if the run has reported none yet."""
    path = run / "metrics.csv"
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [float(row[metric]) for row in csv.DictReader(file) if row.get(metric)]
