"""Heat map over two parameters: every combination a field with its result, the best one framed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from genlab.figures import FAINT, INK
from genlab.sweeps.pictures.page import BEST, POINTS, SMALL, TEXT, WIDTH, Swept, about, better, page
from genlab.sweeps.pictures.scale import ordered
from genlab.sweeps.pictures.shade import Shade
from genlab.sweeps.ranking import Cell, rank
from genlab.sweeps.rows import Goal
from genlab.sweeps.words import number_text, short_names, shortened, spread_decimals, spread_text, value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

MOST = 24  # values of a parameter on a map
SMALLEST = 5.5  # points of a number in a field
HATCH = {"failed": "////", "pruned": "....", "interrupted": "\\\\", "preempted": "\\\\"}


@dataclass(frozen=True)
class Lattice:
    """The best cell at each combination of two parameters' values: ``at[row, column]``."""

    rows: list[Any]
    columns: list[Any]
    at: dict[tuple[int, int], Cell]
    behind: int  # cells at one combination, at most

    @property
    def full(self) -> bool:
        """Whether it makes a map: few values of each, and at least half of the combinations tried."""
        sides = len(self.rows), len(self.columns)
        return min(sides) > 1 and max(sides) <= MOST and 2 * len(self.at) >= sides[0] * sides[1]


def lattice(cells: list[Cell], pair: tuple[str, str], goal: Goal) -> Lattice:
    """The cells by two parameters; the one with more values is that of the rows."""
    values = [ordered(cell.values[key] for cell in cells) for key in pair]
    at: dict[tuple[int, int], list[Cell]] = {}
    for cell in rank(cells, goal):
        i, j = (found.index(cell.values[key]) for found, key in zip(values, pair, strict=True))
        at.setdefault((i, j), []).append(cell)
    best = {place: found[0] for place, found in at.items()}
    return Lattice(values[0], values[1], best, max(map(len, at.values())))


def wide_last(cells: list[Cell], pair: tuple[str, str]) -> tuple[str, str]:
    """The pair with the parameter of more values first, for the rows: pages are longer than they are wide."""
    counts = [len(ordered(cell.values[key] for cell in cells)) for key in pair]
    return (pair[1], pair[0]) if counts[0] < counts[1] else pair


def heat_map(cells: list[Cell], pair: tuple[str, str], goal: Goal, swept: Swept) -> Figure:
    """The map; where there are other parameters each field has the best cell over these."""
    made_of, names = lattice(cells, pair, goal), short_names(swept.keys)
    results = {place: found for place, cell in made_of.at.items() if (found := cell.result(goal[0])) is not None}
    shade = Shade(results.values(), goal)
    across, down = len(made_of.columns), len(made_of.rows)
    side = min(70, max(25, 420 // down))
    over = "best over the other parameters" if made_of.behind > 1 else ""
    mean = "mean ± standard deviation" if any(cell.std(goal[0]) is not None for cell in cells) else ""
    title = f"{better(goal)} over {names[pair[1]]} and {names[pair[0]]}"
    made = page(
        title, about(cells, swept, mean, over, "all equal" if shade.equal else "best framed"), down * side + 105
    )
    axes = made.subplots()
    grid = np.full((down, across), np.nan)
    for place, value in results.items():
        grid[place] = value
    colours, between = shade.mappable.cmap, cast("Normalize", shade.mappable.norm)
    axes.imshow(np.ma.masked_invalid(grid), cmap=colours, norm=between, aspect="auto", origin="lower")
    frame_axes(axes, made_of, names[pair[1]], names[pair[0]])
    write_numbers(axes, made_of, results, shade, (side, (WIDTH - 110) / across))
    hatch_others(axes, made_of, results)
    if not shade.equal:
        frame_best(axes, made_of, goal)
    shade.bar(made, axes)
    return made


def frame_axes(axes: Axes, made_of: Lattice, across: str, up: str) -> None:
    """Name the axes and their values, and part the fields by white lines."""
    columns, rows = ([shortened(value_text(v), 12) for v in values] for values in (made_of.columns, made_of.rows))
    slanted = max(map(len, columns)) * SMALL * 0.62 > (WIDTH - 110) / len(columns) * POINTS
    axes.set_xticks(range(len(columns)), columns, rotation=90 if slanted else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel(across, size=TEXT, color=INK)
    axes.set_ylabel(up, size=TEXT, color=INK)
    axes.tick_params(labelsize=SMALL, length=0, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)


def write_numbers(
    axes: Axes, made_of: Lattice, results: dict[tuple[int, int], float], shade: Shade, field: tuple[float, float]
) -> None:
    """Each result in its field (its height and width are given), as large as fits; the spread below it where it fits."""
    decimals = spread_decimals(value for value in results.values() if shade.low <= value <= shade.high)
    texts = {place: number_text(value, decimals) for place, value in results.items()}
    spreads = {place: std for place in results if (std := made_of.at[place].std(shade.goal[0])) is not None}
    below = {place: f"\n±{spread_text(std, decimals)}" for place, std in spreads.items()}
    letters = max(len(line) for text in [*texts.values(), *below.values()] for line in text.split("\n"))
    size = min(10, field[1] * POINTS * 0.9 / (letters * 0.62))
    if size < SMALLEST:
        return
    below = below if field[0] * POINTS > 2.6 * size else {}
    for (i, j), value in results.items():
        text = texts[i, j] + below.get((i, j), "")
        axes.text(j, i, text, ha="center", va="center", size=size, color=shade.ink(value))


def hatch_others(axes: Axes, made_of: Lattice, results: dict[tuple[int, int], float]) -> None:
    """Hatch the fields without a result, with their state where it fits."""
    from matplotlib.patches import Rectangle

    small = len(made_of.columns) > 7
    for (i, j), cell in made_of.at.items():
        if (i, j) in results:
            continue
        state = cell.runs[0].state
        fill = {"facecolor": "#f4f4f4", "edgecolor": "#b5b5b5", "linewidth": 0}
        axes.add_patch(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, hatch=HATCH.get(state, ""), **fill))  # type: ignore[arg-type]
        box = {"facecolor": "#f4f4f4", "edgecolor": "none", "pad": 1}
        axes.text(j, i, "" if small else state, ha="center", va="center", size=SMALL, color=FAINT, bbox=box)


def frame_best(axes: Axes, made_of: Lattice, goal: Goal) -> None:
    """Draw a frame around the best cell's field."""
    from matplotlib.patches import Rectangle

    best = rank(made_of.at.values(), goal)[0]
    i, j = next(place for place, cell in made_of.at.items() if cell is best)
    frame = Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=BEST, linewidth=3, zorder=3, clip_on=False)
    axes.add_patch(frame)
