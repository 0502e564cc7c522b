"""The numbers with which a run ends, one a row, with what stands beside each; shown by every logger and kept as CSV."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, get_args

from genlab.config.types import ExtractorChoice
from genlab.files import replacing
from genlab.metrics.names import DIMENSIONS, FLOOR, INF, OTHER_WEIGHTS, SE, with_asides
from genlab.runs.table import as_text

NAME = "final"
FILE = Path("tables") / "metrics.csv"
BESIDE = {  # columns of what has the name of the number and an end of its own
    "value": "",
    "standard_error": SE,
    "extrapolated": INF,
    "extrapolated_standard_error": INF + SE,
    "floor": FLOOR,
}
COLUMNS = ("metric", *BESIDE, "generated", "real", "extractor")
KNOWN = {name for choices in get_args(ExtractorChoice) for name in get_args(choices)} | DIMENSIONS.keys()
EXTRACTORS = sorted(KNOWN, key=len, reverse=True)
NAMED = re.compile(rf"_((?:{'|'.join(EXTRACTORS)})(?:{OTHER_WEIGHTS})?)_\d")

Row = dict[str, Any]


def rows(metrics: dict[str, float], counts: dict[str, Any]) -> list[Row]:
    """A row for each number; what it does not have is None.

    Args:
        metrics: by name, as in ``summary.json``.
        counts: the images behind them: generated ones by the name of the metric, real ones by ``<name>_real``.
    """
    return [
        {
            "metric": name,
            **{column: found.get(end) for column, end in BESIDE.items()},
            "generated": counts.get(name),
            "real": counts.get(f"{name}_real"),
            "extractor": named[1] if (named := NAMED.search(name)) else None,
        }
        for name, found in with_asides(metrics).items()
    ]


def write(run: Path, found: list[Row]) -> None:
    """Write ``tables/metrics.csv`` of a run directory; what a number does not have is empty."""
    path = run / FILE
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(["" if row[name] is None else as_text(row[name]) for name in COLUMNS] for row in found)


def as_markdown(found: list[Row]) -> str:
    """The table as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *([shown(row[name]) for name in COLUMNS] for row in found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(value: Any) -> str:
    """A cell in as many digits as one reads."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
