"""``metrics.csv``: one whole row for each step, in order."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from genlab.apps.doctor.finding import ASIDE, Finding, set_aside
from genlab.files import replacing
from genlab.runs.table import FIRST

NAME = "metrics.csv"
Row = list[str]


def rows(run: Path, steps: int) -> Iterator[Finding]:
    """Faults of the table. ``steps``: so many batches the summary says that were trained."""
    path = run / NAME
    if not path.is_file():
        if steps and not (run / ASIDE / NAME).exists():
            yield Finding(
                run, NAME, f"missing, after {steps:,} batches", "Its rows are lost; a resume begins a new one"
            )
        return
    header, found, cut = read(path)
    if header[: len(FIRST)] != FIRST:
        what = f"its first line is not {','.join(FIRST)},…"
        yield Finding(run, NAME, what, "A resume begins a new one: repair=true", lambda: set_aside(run, path))
        return
    broken = sum(not is_row(row, header) for row in found)
    if broken or cut:
        what = (
            "its last row is cut" if cut and not broken else f"{broken:,} of {len(found):,} rows are cut or no numbers"
        )
        yield Finding(run, NAME, what, "Keep the whole rows: repair=true", lambda: rewrite(run, path))
    elif (kept := len(in_order(found))) < len(found):
        what = f"{len(found) - kept:,} rows of steps that come twice, or after later ones"
        yield Finding(run, NAME, what, "Keep the last row of each step: repair=true", lambda: rewrite(run, path))


def read(path: Path) -> tuple[Row, list[Row], bool]:
    """The first line, the others, and whether the last one is cut."""
    text = path.read_text(encoding="utf-8", errors="replace").replace("\0", "?")
    lines = list(csv.reader(text.splitlines()))
    return (lines[0] if lines else []), lines[1:], bool(text) and not text.endswith("\n")


def is_row(row: Row, header: Row) -> bool:
    """Whether a row has a cell for each column, all numbers or empty, and a step."""
    if len(row) != len(header) or not row[0].isdecimal():
        return False
    try:
        return all(cell == "" or float(cell) is not None for cell in row)
    except ValueError:
        return False


def in_order(found: list[Row]) -> list[Row]:
    """The rows with steps that increase: where a step comes again, what had been written since is dropped."""
    kept: list[Row] = []
    for row in found:
        while kept and int(kept[-1][0]) >= int(row[0]):
            kept.pop()
        kept.append(row)
    return kept


def rewrite(run: Path, path: Path) -> str:
    """Set the table aside, and write its good rows anew."""
    header, found, cut = read(path)
    kept = in_order([row for row in (found[:-1] if cut else found) if is_row(row, header)])
    done = set_aside(run, path)
    with replacing(path) as file:
        csv.writer(file, lineterminator="\n").writerows([header, *kept])
    return f"{done}; kept {len(kept):,} of {len(found):,} rows"
