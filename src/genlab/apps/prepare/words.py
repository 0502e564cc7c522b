"""Words and tables of the reports of ``prepare.py``, whatever the files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.data.report.surveyed import Surveyed

NAMED = 20  # so many names are shown of a list
FEW = 3  # and so many where a count says enough


def copies(survey: Surveyed[Any]) -> Iterator[str]:
    """Files that are in a part twice."""
    for part, groups in survey.copies_within().items():
        if groups:
            few = ", ".join(" = ".join(names) for names in groups[:FEW]) + (" …" if len(groups) > FEW else "")
            yield f"copies     {sum(len(names) - 1 for names in groups):,} in {part}: {few}"


def leaks(survey: Surveyed[Any], what: str) -> Iterator[str]:
    """Files that are in two parts; a warning if one part is for training and the other for evaluation."""
    for names in survey.copies_between():
        same = " = ".join(name if part in name.split("/") else f"{name} ({part})" for part, name in names.items())
        training = {part.startswith("train") for part in names}
        if len(training) == 2:
            yield f"warning    the same {what} trains and measures: {same}"
        else:
            yield f"copies     in two parts: {same}"


def listed(names: list[str], most: int) -> str:
    """The count and the first ``most`` names."""
    return f"{len(names):,}: {' '.join(names[:most])}" + (f" and {len(names) - most} more" if len(names) > most else "")


def megabytes(count: int) -> str:
    """Bytes as MB of 10^6 bytes, or GB."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def table(rows: list[tuple[str, ...]], left: tuple[int, ...]) -> Iterator[str]:
    """Align rows in columns; those in ``left`` are left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{c:<{w}}" if i in left else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        yield "  ".join(cells).rstrip()
