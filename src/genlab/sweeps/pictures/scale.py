"""Where a parameter's values lie on an axis: in logarithms where they span decades, as steps where they are no numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from genlab.sweeps.pictures.page import ROUND
from genlab.sweeps.words import shortened, value_text

FEW = 8  # different values that each get a tick
DECADE = 8  # largest over smallest value from which an axis may be logarithmic
BETWEEN = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))  # ticks of a decade
LONGEST = 14  # letters of a tick


@dataclass(frozen=True)
class Scale:
    """An axis from 0 to 1 for the values of a parameter: ``distinct`` in order, and ``kind``, how they are spread."""

    distinct: list[Any]
    kind: Literal["linear", "log", "steps"]

    @classmethod
    def of(cls, values: Iterable[Any]) -> Scale:
        """The scale that fits: log where the values lie more evenly there, steps for words and for numbers like 0, 1, 10."""
        distinct = ordered(values)
        if not all(is_number(value) for value in distinct):
            return cls(distinct, "steps")
        positive = [value for value in distinct if value > 0]
        if not more_even_in_logarithms(positive):
            return cls(distinct, "linear")
        if len(positive) == len(distinct):
            return cls(distinct, "log")
        return cls(distinct, "steps" if len(distinct) <= FEW else "linear")

    @property
    def discrete(self) -> bool:
        """Whether there are so few values that each has its own tick."""
        return self.kind == "steps" or len(self.distinct) <= FEW

    def place(self, value: Any) -> float:
        """Where the value lies; 0.5 where all are equal."""
        low, high = (self.number(end) for end in (self.distinct[0], self.distinct[-1]))
        return 0.5 if low == high else (self.number(value) - low) / (high - low)

    def number(self, value: Any) -> float:
        """The value as a length."""
        if self.kind == "steps":
            return self.distinct.index(value)
        return math.log(value) if self.kind == "log" else float(value)

    def ticks(self, coarse: int = 0) -> list[tuple[float, str]]:
        """Places and words: every value where they are few (and not too near each other), else round numbers."""
        shown: Sequence[Any] = self.distinct if self.discrete else self.round_numbers(coarse)
        places = [(self.place(value), shortened(value_text(value), LONGEST)) for value in shown]
        return [tick for i, tick in enumerate(places) if i == 0 or self.kind == "steps" or apart(places, i)]

    def round_numbers(self, coarse: int = 0) -> list[float]:
        """Round numbers within the values: even steps; or powers of ten, with others between them where these are few.

        ``coarse``: how many times to leave out some.
        """
        from matplotlib.ticker import LogLocator, MaxNLocator

        low, high = float(self.distinct[0]), float(self.distinct[-1])
        if self.kind == "linear":
            found = MaxNLocator(5 - coarse, steps=ROUND).tick_values(low, high)
        else:
            fine = 0 if high / low < 30 else 1 if high / low < 1e4 else 2
            found = LogLocator(subs=BETWEEN[min(2, fine + coarse)], numticks=9).tick_values(low, high)
        return [number for number in (float(f"{value:.6g}") for value in found) if low <= number <= high]


def ordered(values: Iterable[Any]) -> list[Any]:
    """The different values: numbers in their order, others as they come."""
    distinct = list(
        {(type(value) is bool, str(value) if not is_number(value) else value): value for value in values}.values()
    )
    return sorted(distinct) if all(is_number(value) for value in distinct) else distinct


def is_number(value: Any) -> bool:
    """Whether it is a number that has a place on an axis; true and false are words."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def more_even_in_logarithms(positive: list[Any]) -> bool:
    """Whether sorted values lie more evenly to both sides of the middle of their axis in logarithms."""
    if len(positive) < 2 or positive[-1] / positive[0] < (DECADE if len(positive) > 2 else 100):
        return False
    return len(positive) == 2 or aside([math.log(value) for value in positive]) < aside(positive)


def aside(numbers: list[float]) -> float:
    """How far the mean of sorted numbers lies from the middle of the first and the last, as a part of their distance."""
    return abs((fmean(numbers) - numbers[0]) / (numbers[-1] - numbers[0]) - 0.5)


def apart(ticks: list[tuple[float, str]], i: int) -> bool:
    """Whether a tick is not nearer to the one before than two lines of words are."""
    return ticks[i][0] - ticks[i - 1][0] > 0.04
