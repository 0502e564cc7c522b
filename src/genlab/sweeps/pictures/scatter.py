"""Results against parameters whose values are drawn, not laid on a grid: two on a map, or a panel for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from genlab.figures import INK
from genlab.sweeps.pictures.page import (
    BEST,
    FADED,
    PLAIN,
    POINTS,
    SMALL,
    TEXT,
    WIDTH,
    Swept,
    about,
    better,
    page,
    plain,
)
from genlab.sweeps.pictures.scale import Scale, is_number
from genlab.sweeps.pictures.shade import Shade, limits, reach
from genlab.sweeps.ranking import Cell, rank
from genlab.sweeps.rows import Goal
from genlab.sweeps.words import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE = 0.05  # of an axis, beyond its first and last value


def scatter_map(cells: list[Cell], pair: tuple[str, str], goal: Goal, swept: Swept) -> Figure:
    """Every cell at its two values, its result as colour; crosses have none."""
    names, ranked = short_names(swept.keys), rank(cells, goal)
    x, y = (Scale.of(cell.values[key] for cell in cells) for key in pair)
    results = {cell.number: found for cell in cells if (found := cell.result(goal[0])) is not None}
    shade = Shade(results.values(), goal)
    ringed = "all equal" if shade.equal else "best ringed"
    crosses = ["crosses: without a result"] if len(results) < len(cells) else []
    title = f"{better(goal)} over {names[pair[0]]} and {names[pair[1]]}"
    made = page(title, about(cells, swept, *crosses, ringed), 520)
    axes = plain(made.subplots())
    for cell in reversed(ranked):
        place = x.place(cell.values[pair[0]]), y.place(cell.values[pair[1]])
        if cell.number not in results:
            axes.scatter(*place, 28, FADED, marker="x", linewidths=1.3)
            continue
        axes.scatter(*place, 46, [shade.colour(results[cell.number])], edgecolors="white", linewidths=0.6)
    best = x.place(ranked[0].values[pair[0]]), y.place(ranked[0].values[pair[1]])
    if not shade.equal:
        axes.scatter(*best, 130, "none", edgecolors=BEST, linewidths=2.4)
    tick(axes, x, names[pair[0]], WIDTH - 90)
    axes.set_yticks(*zip(*y.ticks(), strict=True), size=SMALL)
    axes.set_ylim(-EDGE, 1 + EDGE)
    axes.set_ylabel(names[pair[1]], size=TEXT, color=INK)
    shade.bar(made, axes)
    return made


def panels(cells: list[Cell], goal: Goal, swept: Swept) -> Figure:
    """A panel for each parameter: the result of every cell against its value; with error bars where there are seeds."""
    names, results = short_names(swept.keys), results_of(cells, goal)
    low, high = limits(results, spreads_of(cells, goal))
    across = 1 if len(swept.keys) == 1 else 2
    down = math.ceil(len(swept.keys) / across)
    bars = ["mean ± standard deviation"] if any(cell.std(goal[0]) for cell in cells) else []
    ringed = "best ringed" if min(results) < max(results) else "all equal"
    over = names[swept.keys[0]] if across == 1 else "each parameter"
    beyond = sum(not low <= result <= high for result in results)
    bars += [f"{beyond} beyond the axis, at its edge"] if beyond else []
    made = page(f"{better(goal)} over {over}", about(cells, swept, *bars, ringed), 340 if across == 1 else down * 230)
    grid = made.subplots(down, across, sharey=True, squeeze=False)
    joined = across == 1 and all(is_number(cell.values[swept.keys[0]]) for cell in cells)
    for axes, key in zip(grid.flat, swept.keys, strict=False):
        draw_panel(plain(axes), cells, key, goal, (low, high), joined)
        tick(axes, Scale.of(cell.values[key] for cell in cells), names[key], (WIDTH - 80) / across - 30)
        reach(axes, low, high)
    for axes in list(grid.flat)[len(swept.keys) :]:
        axes.set_axis_off()
    made.supylabel(goal[0], size=TEXT, color=INK)
    return made


def draw_panel(axes: Axes, cells: list[Cell], key: str, goal: Goal, ends: tuple[float, float], joined: bool) -> None:
    """The cells with results against one parameter; what lies beyond the ends of the axis is hollow, at its edge.

    ``joined``: by a line.
    """
    scale = Scale.of(cell.values[key] for cell in cells)
    ranked = [cell for cell in rank(cells, goal) if cell.result(goal[0]) is not None]
    x, y = [scale.place(cell.values[key]) for cell in ranked], results_of(ranked, goal)
    size, alpha = (6, 1.0) if len(ranked) <= 40 else (4, 0.7)
    for i, spread in enumerate(spreads_of(ranked, goal)):
        inside, height = ends[0] <= y[i] <= ends[1], min(max(y[i], ends[0]), ends[1])
        style = {"marker": "o", "mew": 0} if inside else {"marker": "d", "fillstyle": "none"}
        axes.plot(x[i], height, color=PLAIN, markersize=size, alpha=alpha, **style)
        if spread:
            axes.errorbar(x[i], height, spread, color=PLAIN, alpha=alpha, capsize=3)
    if joined:
        order = sorted(range(len(x)), key=x.__getitem__)
        axes.plot([x[i] for i in order], [y[i] for i in order], color=PLAIN, linewidth=1, zorder=1)
    if min(y) < max(y):
        axes.scatter(x[0], y[0], 110, "none", edgecolors=BEST, linewidths=2.2, zorder=4)


def results_of(cells: list[Cell], goal: Goal) -> list[float]:
    """The results of the cells that have one."""
    return [found for cell in cells if (found := cell.result(goal[0])) is not None]


def spreads_of(cells: list[Cell], goal: Goal) -> list[float]:
    """The standard deviations of the cells that have a result; 0 of those with one seed."""
    return [cell.std(goal[0]) or 0.0 for cell in cells if cell.result(goal[0]) is not None]


def tick(axes: Axes, scale: Scale, name: str, width: float) -> None:
    """Ticks and name of a horizontal axis so wide: words that would touch are slanted, numbers left out."""
    letter = SMALL * 0.64 / POINTS / width  # of a letter, as a part of the axis
    choices = [scale.ticks(coarse) for coarse in range(3)]
    ticks = next((ticks for ticks in choices if ticks == clear(ticks, letter)), choices[-1])
    ticks = ticks if scale.kind == "steps" else clear(ticks, letter)
    slanted = ticks != clear(ticks, letter)
    axes.set_xticks(*zip(*ticks, strict=True), size=SMALL)
    if slanted:
        axes.tick_params(axis="x", rotation=30)
        for words in axes.get_xticklabels():
            words.set_horizontalalignment("right")
    axes.set_xlim(-EDGE, 1 + EDGE)
    axes.set_xlabel(name, size=TEXT, color=INK)


def clear(ticks: list[tuple[float, str]], letter: float) -> list[tuple[float, str]]:
    """The ticks whose words do not touch those of the one before."""
    kept: list[tuple[float, str]] = []
    for place, text in ticks:
        if not kept or place - kept[-1][0] > (len(text) + len(kept[-1][1]) + 2) / 2 * letter:
            kept.append((place, text))
    return kept
