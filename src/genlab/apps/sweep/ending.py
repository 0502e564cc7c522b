"""What a sweep leaves: the table of cells while it runs, and at its end the best trial and the pictures."""

from __future__ import annotations

from collections.abc import Callable

from genlab.apps.sweep.choice import Choice
from genlab.console import say
from genlab.runs.writing import attempt
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.ranking import best_line
from genlab.sweeps.rows import Goal, Row
from genlab.sweeps.tables import write_tables


def goal_of(choice: Choice) -> Goal | None:
    """The metric of the file and its direction."""
    metric = choice.file.metric
    return (metric.name, metric.goal) if metric else None


def keep_table(folder: SweepFolder, choice: Choice) -> Callable[[list[Row]], None]:
    """A function that writes the table of cells. A full disk is a warning: the trials go on."""
    goal = goal_of(choice)

    def write(rows: list[Row]) -> None:
        with attempt(folder.path / "tables" / "cells.csv"):
            write_tables(folder.path, rows, goal)

    return write


def close(folder: SweepFolder, choice: Choice, dimensions: int | None) -> None:
    """Draw the pictures and name the best trial."""
    from genlab.sweeps.pictures.choice import draw_all  # brings matplotlib
    from genlab.sweeps.pictures.page import Swept
    from genlab.sweeps.study import importance

    rows, goal = folder.rows(), goal_of(choice)
    say(best_line(rows, goal))
    say(f"table     {folder.path / 'tables' / 'cells.csv'}")
    draw_all(
        folder.path,
        rows,
        goal,
        Swept(
            keys=choice.file.varied,
            method=choice.file.method,
            name=folder.path.parent.name,
            dimensions=dimensions,
            importance=importance(choice.file, rows) if choice.file.method != "grid" else {},
        ),
    )
