"""The doctor's table: each finding with its remedy."""

from __future__ import annotations

import io
import os
from pathlib import Path

from genlab.apps.doctor.finding import Finding

WIDE = 200  # columns where the table goes to a file


def report(found: list[Finding], runs: list[Path]) -> str:
    """The table, and a line that counts. ``runs``: those that were checked."""
    checked = f"{len(runs):,} run{'s' * (len(runs) != 1)} checked: "
    if not found:
        return f"{checked}all is well"
    sick = len({finding.run for finding in found})
    mendable = sum(finding.mend is not None for finding in found)
    advice = f"; repair=true mends {mendable:,}" if mendable else ""
    folder = Path(os.path.commonpath([run.parent for run in runs]))
    counts = f"{len(found):,} finding{'s' * (len(found) != 1)}" + (f" in {sick:,} of them" if len(runs) > 1 else "")
    return f"{table(found, folder)}\n{checked}{counts}{advice}"


def table(found: list[Finding], folder: Path) -> str:
    """The findings, one a row, as wide as the terminal. ``folder``: in which all runs lie."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=f"runs in {folder}", title_justify="left")
    for heading in ("run", "where", "finding", "remedy"):
        shown.add_column(heading, overflow="fold")
    for finding in found:
        cells = (finding.run.relative_to(folder).as_posix(), finding.where, finding.what, finding.remedy)
        shown.add_row(*(Text(cell) for cell in cells))
    terminal = Console()
    paper = Console(file=io.StringIO(), width=terminal.width if terminal.is_terminal else WIDE, color_system=None)
    paper.print(shown)
    assert isinstance(paper.file, io.StringIO)
    return "\n".join(line.rstrip() for line in paper.file.getvalue().rstrip("\n").splitlines())
