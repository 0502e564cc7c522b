"""The runs of a sweep folded into cells, ranked by the sweep's goal, and the best of them in a line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from genlab.sweeps.rows import FINISHED, Goal, Row
from genlab.sweeps.words import number_text, plural, spread_decimals, spread_text, value_text


@dataclass(frozen=True)
class Cell:
    """A cell and its runs, one for each seed."""

    number: int
    values: dict[str, Any]
    runs: tuple[Row, ...]

    @cached_property
    def counted(self) -> list[Row]:
        """The runs that its numbers are of: the finished ones, or all where none is."""
        return [run for run in self.runs if run.state == FINISHED] or list(self.runs)

    @property
    def state(self) -> str:
        """The state that all runs have, or how many have which: ``finished 2, failed 1``."""
        counts = Counter(run.state for run in self.runs)
        return next(iter(counts)) if len(counts) == 1 else ", ".join(f"{name} {n}" for name, n in counts.items())

    @property
    def finished(self) -> bool:
        """Whether at least one run is finished."""
        return any(run.state == FINISHED for run in self.runs)

    @property
    def ended(self) -> float | None:
        """When its last run ended; None if that is not known."""
        times = [run.ended for run in self.runs]
        return None if None in times else max(time for time in times if time is not None)

    @property
    def seconds(self) -> float | None:
        """Seconds of a run, mean over its runs."""
        known = [run.seconds for run in self.counted if run.seconds is not None]
        return fmean(known) if known else None

    def numbers(self, metric: str) -> list[float]:
        """The metric of each counted run that has it, finite ones only."""
        found = (run.metrics.get(metric) for run in self.counted)
        return [number for number in found if number is not None and math.isfinite(number)]

    def mean(self, metric: str) -> float | None:
        """The mean over the counted runs; None if none has the metric."""
        numbers = self.numbers(metric)
        return fmean(numbers) if numbers else None

    def std(self, metric: str) -> float | None:
        """The standard deviation over the counted runs (n - 1 in the denominator); None for fewer than two."""
        numbers = self.numbers(metric)
        return stdev(numbers) if len(numbers) > 1 else None

    def result(self, metric: str) -> float | None:
        """The mean of a finished cell; None of one that is not, whose numbers are not comparable."""
        return self.mean(metric) if self.finished else None


def fold(rows: Iterable[Row]) -> list[Cell]:
    """The cells in order of their numbers, each with its runs in order of their replicates."""
    runs: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row.number, row.replicate)):
        runs.setdefault(row.number, []).append(row)
    return [Cell(number, found[0].values, tuple(found)) for number, found in runs.items()]


def rank(cells: Iterable[Cell], goal: Goal | None) -> list[Cell]:
    """Best first; equal ones in order of their numbers; then the cells that have no result, in order of theirs."""

    def place(cell: Cell) -> tuple[bool, float, int]:
        found = cell.result(goal[0]) if goal else None
        return found is None, 0.0 if found is None or goal is None else loss(found, goal), cell.number

    return sorted(cells, key=place)


def loss(value: float, goal: Goal) -> float:
    """The value with the sign that makes lower better."""
    return -value if goal[1] == "maximize" else value


def best_line(rows: Sequence[Row], goal: Goal | None) -> str:
    """The best cell in a line for the screen: its result, its values as they are typed, and how far the next one is."""
    cells = fold(rows)
    done = f"{sum(cell.finished for cell in cells)} of {plural(len(cells), 'cell')} finished"
    if goal is None:
        return f"best      {done}; the sweep names no metric, so none is the best"
    ranked = [cell for cell in rank(cells, goal) if cell.result(goal[0]) is not None]
    if not ranked:
        return f"best      {done}, and none has {goal[0]}"
    typed = " ".join(f"{key}={value_text(value)}" for key, value in ranked[0].values.items())
    means = [cell.mean(goal[0]) for cell in ranked]
    decimals = max(spread_decimals(means[:1], digits=3), spread_decimals(means[:2], digits=2))
    first = f"best      cell {ranked[0].number} of {len(cells)}: {goal[0]} {result_text(ranked[0], goal[0], decimals)}"
    return f"{first}{' with ' if typed else ''}{typed}; {next_text(ranked, goal, decimals)}"


def result_text(cell: Cell, metric: str, decimals: int) -> str:
    """The mean, and where there are several seeds the standard deviation and their count."""
    mean, std = cell.mean(metric), cell.std(metric)
    text = "" if mean is None else number_text(mean, decimals)
    return text if std is None else f"{text} ± {spread_text(std, decimals)} ({len(cell.numbers(metric))} seeds)"


def next_text(ranked: list[Cell], goal: Goal, decimals: int) -> str:
    """How far behind the second cell is, and whether that is more than seeds make."""
    if len(ranked) == 1:
        return "no other has a result"
    (first, second), (a, b) = ranked[:2], (cell.mean(goal[0]) or 0.0 for cell in ranked[:2])
    if a == b:
        return f"cell {second.number} is equal"
    text = f"next is cell {second.number}, {number_text(abs(a - b), decimals)} {'higher' if b > a else 'lower'}"
    spreads = [std for cell in (first, second) if (std := cell.std(goal[0])) is not None]
    return f"{text}, within the spread of seeds" if spreads and abs(a - b) <= max(spreads) else text
