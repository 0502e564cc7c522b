"""The rows of ``metrics.csv`` as curves: thinned to what can be seen, with the best and the last of all values."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genlab.metrics.directions import own_direction
from genlab.metrics.names import is_aside
from genlab.runs.table import FIRST
from genlab.sweeps.words import plural

KNOTS = 65  # of the line by which steps are turned to epochs, images and seconds
DIGITS = 6
Points = list[tuple[int, float]]  # step and value


@dataclass
class Curves:
    """The curves of a run.

    Args:
        series: the finite values by metric, each with its step, in order.
        clock: a row of step, epoch, images and seconds at some of the steps.
        last: the last value of each metric.
    """

    series: dict[str, Points] = field(default_factory=dict)
    clock: list[list[float]] = field(default_factory=list)
    last: dict[str, float] = field(default_factory=dict)

    @cached_property
    def drawn(self) -> dict[str, Points]:
        """What makes a curve: metrics with two values or more, without standard errors and the like."""
        return {
            name: points for name, points in self.series.items() if len(points) > 1 and not is_aside(name, self.last)
        }


def read_curves(path: Path) -> tuple[Curves, list[str]]:
    """The curves of a file, read row by row, and in words what of it could not be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = csv.reader(line.replace("\0", "") for line in file)
            return of_rows(rows, next(rows, []), path.name)
    except FileNotFoundError:
        return Curves(), []
    except (OSError, csv.Error) as error:
        return Curves(), [f"{path.name} cannot be read ({error})"]


def of_rows(rows: Iterable[list[str]], head: list[str], name: str) -> tuple[Curves, list[str]]:
    """The same of its rows. ``head``: the names of the columns; ``name``: of the file."""
    if head[:1] != FIRST[:1]:
        return Curves(), [f"{name} has no column of steps"]
    found, cut, odd = Curves(), 0, 0
    for row in rows:
        if (values := numbers(row, head)) is None:
            cut += 1
        else:
            odd += add(found, values)
    found.clock = evenly(found.clock, KNOTS)
    return found, told(name, cut, odd)


def told(name: str, cut: int, odd: int) -> list[str]:
    """The faults of a file in words."""
    faults = [f"{name}: left out {plural(cut, 'row')}, cut or with what is no number"] if cut else []
    return faults + ([f"{name}: left out {plural(odd, 'value')}, not finite"] if odd else [])


def numbers(row: list[str], head: list[str]) -> dict[str, float] | None:
    """The numbers of a row by column; None if it is cut, or has something else in it."""
    if len(row) != len(head) or not row[0].isdecimal():
        return None
    try:
        return {name: float(cell) for name, cell in zip(head, row, strict=True) if cell}
    except ValueError:
        return None


def add(curves: Curves, values: dict[str, float]) -> int:
    """Add a row to the curves; returns how many of its values are not finite."""
    step, odd = int(values["step"]), 0
    for name, value in values.items():
        if name in FIRST:
            continue
        if not math.isfinite(value):
            odd += 1
            continue
        curves.series.setdefault(name, []).append((step, value))
        curves.last[name] = value
    if all(name in values for name in FIRST):
        curves.clock.append([values[name] for name in FIRST])
    return odd


def evenly(items: list[Any], most: int) -> list[Any]:
    """At most so many of a list, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def thinned(points: Points, most: int) -> dict[str, list[float]]:
    """The points as columns: step ``s`` and value ``v``; of more than ``most`` the mean of each stretch, with its ends.

    A stretch stands at its last step, so that the curve ends where the run does; ``lo`` and ``hi`` are the smallest and
    the largest value of each.
    """
    if len(points) <= most:
        return {"s": [step for step, _ in points], "v": [short(value) for _, value in points]}
    edges = [round(i * len(points) / most) for i in range(most + 1)]
    stretches = [points[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    values = [[value for _, value in stretch] for stretch in stretches]
    return {
        "s": [stretch[-1][0] for stretch in stretches],
        "v": [short(math.fsum(some) / len(some)) for some in values],
        "lo": [short(min(some)) for some in values],
        "hi": [short(max(some)) for some in values],
    }


def marks(name: str, points: Points) -> dict[str, list[float]]:
    """The last value, the best where it is certain what is better, else the lowest and the highest: ``[step, value]``."""
    sign = own_direction(name)
    low, high = min(points, key=by_value), max(points, key=by_value)
    found = {"last": points[-1]} | ({"best": high if sign > 0 else low} if sign else {"low": low, "high": high})
    return {key: [step, short(value)] for key, (step, value) in found.items()}


def by_value(point: tuple[int, float]) -> float:
    """The value of a point."""
    return point[1]


def short(value: float) -> float:
    """Rounded to the digits that a page shows."""
    return float(f"{value:.{DIGITS}g}")


def names(all_curves: Iterable[Curves]) -> list[str]:
    """The metrics of which some run has a curve: validation first, then training, then the rest; each by name."""
    order = {"val": 0, "test": 1, "train": 2}
    found = {name for curves in all_curves for name in curves.drawn}
    return sorted(found, key=lambda name: (order.get(name.partition("/")[0], 3), name))
