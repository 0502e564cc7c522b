"""The colours of results: dark is better, and a diverged cell does not make all others look alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.figures import INK
from genlab.sweeps.pictures.page import ROUND, SMALL
from genlab.sweeps.rows import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

FENCE = 3.0  # quartile ranges beyond a quartile (Tukey's outer fence) that the axes and colours of results reach
CROWDED = 5
PALEST = 0.93  # of viridis: its last yellow cannot be seen on white


def limits(values: Sequence[float], spreads: Sequence[float] = ()) -> tuple[float, float]:
    """Lowest and highest value to show, never equal: all of them, with their spreads.

    Those beyond Tukey's outer fences are left out where they would crowd the others into a fifth of the axis.
    """
    numbers = np.array(values, float)
    more = np.array(spreads or np.zeros(len(numbers)), float)
    low, high = np.quantile(numbers, (0.25, 0.75))
    far = FENCE * (high - low)
    kept = (numbers >= low - far) & (numbers <= high + far)
    if np.ptp(numbers) <= CROWDED * np.ptp(numbers[kept]) or low == high:
        kept = np.ones(len(numbers), bool)
    first, last = float((numbers - more)[kept].min()), float((numbers + more)[kept].max())
    return (first, last) if first < last else (first - (abs(first) or 1) / 100, last + (abs(last) or 1) / 100)


class Shade:
    """The colour of each result: viridis from pale (worst) to dark (best)."""

    def __init__(self, values: Iterable[float], goal: Goal) -> None:
        self.values, self.goal = list(values), goal
        self.low, self.high = limits(self.values)

    @property
    def equal(self) -> bool:
        """Whether all results are the same, so that none is best."""
        return min(self.values) == max(self.values)

    @cached_property
    def mappable(self) -> ScalarMappable:
        """The colours as matplotlib takes them."""
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import ListedColormap, Normalize

        dark_first = colormaps["viridis"](np.linspace(0, PALEST, 256))
        colours = dark_first[::-1] if self.goal[1] == "maximize" else dark_first
        return ScalarMappable(Normalize(self.low, self.high), ListedColormap(colours))

    def colour(self, value: float) -> tuple[float, ...]:
        """Red, green, blue and opacity of a result."""
        return tuple(float(part) for part in self.mappable.to_rgba(np.array([value]))[0])

    def ink(self, value: float) -> str:
        """The colour of words on it: white on dark."""
        red, green, blue = self.colour(value)[:3]
        return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK

    def bar(self, made: Figure, axes: Any) -> None:
        """A bar of the colours below the axes, unless all results are equal."""
        from matplotlib.ticker import MaxNLocator

        if self.equal:
            return
        below, above = min(self.values) < self.low, max(self.values) > self.high
        ends = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[int(below), int(above)]
        bar = made.colorbar(
            self.mappable,
            ax=axes,
            location="bottom",
            aspect=45,
            fraction=0.15,
            pad=0.03,
            extend=ends,
            ticks=MaxNLocator(5, steps=ROUND),
        )
        bar.ax.tick_params(labelsize=SMALL, length=0, colors=INK)
        bar.outline.set_visible(False)
        bar.set_label(f"{self.goal[0]}, dark is better", size=SMALL, color=INK)


def reach(axes: Axes, low: float, high: float) -> None:
    """Let the vertical axis of results reach from ``low`` to ``high``, with a margin."""
    margin = (high - low) * 0.06
    axes.set_ylim(low - margin, high + margin)
