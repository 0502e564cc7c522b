"""What a sweep leaves: the table of cells while it runs, and at its end the best trial and the pictures."""

from __future__ import annotations

from collections.abc import Callable

from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.scheduler import DONE
from genlab.console import say
from genlab.runs.writing import attempt
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.ranking import best_line
from genlab.sweeps.rows import Goal, Row
from genlab.sweeps.screen import Screen
from genlab.sweeps.tables import write_tables

FAILED = 3  # exit code if some trials have not finished


def goal_of(choice: Choice) -> Goal | None:
    """The metric of the file and its direction."""
    metric = choice.file.metric
    return (metric.name, metric.goal) if metric else None


def keep_table(folder: SweepFolder, goal: Goal | None, screen: Screen) -> Callable[[list[Row]], None]:
    """A function that writes and shows the table of cells. A full disk is a warning: the trials go on."""

    def write(rows: list[Row]) -> None:
        with attempt(folder.path / "tables" / "cells.csv"):
            write_tables(folder.path, rows, goal)
        screen.update(rows)

    return write


def close(folder: SweepFolder, choice: Choice, dimensions: int | None) -> int:
    """Name the best cell and draw the pictures; returns the sweep's exit code.

    Args:
        dimensions: numbers in one image; None if they differ.
    """
    rows, goal = folder.rows(), goal_of(choice)
    undone = [row for row in rows if row.state not in DONE]
    if not undone:
        folder.write_settings(folder.settings() | {"ended": True})
    say(best_line(rows, goal))
    say(f"table     {folder.path / 'tables' / 'cells.csv'}")
    draw(folder, choice, rows, dimensions)
    return FAILED if undone else 0


def draw(folder: SweepFolder, choice: Choice, rows: list[Row], dimensions: int | None) -> None:
    """Draw the pictures that fit; one that cannot be written is a warning."""
    from genlab.sweeps.pictures.choice import draw_all  # brings matplotlib
    from genlab.sweeps.pictures.page import Swept
    from genlab.sweeps.study import importance

    file = choice.file
    shares = importance(file, rows) if file.method != "grid" else {}
    name = folder.path.parent.name
    with attempt(folder.path / "images"):
        draw_all(folder.path, rows, goal_of(choice), Swept(file.varied, file.method, name, dimensions, shares))
