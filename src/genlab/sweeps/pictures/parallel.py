"""Parallel coordinates: a line for each cell through its parameters to its result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.figures import INK
from genlab.sweeps.pictures.page import BEST, FADED, POINTS, SMALL, TEXT, WIDTH, Swept, about, better, page
from genlab.sweeps.pictures.scale import Scale
from genlab.sweeps.pictures.shade import Shade
from genlab.sweeps.ranking import Cell, rank
from genlab.sweeps.rows import Goal
from genlab.sweeps.words import number_text, short_names, spread_decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROOM = 96  # hundredths of an inch between two axes, at least
FAN = 0.035  # how far equal values are spread, so that their lines do not hide each other
BEND = np.linspace(0, 1, 24)
CURVE = BEND**2 * (3 - 2 * BEND)


def parallel(cells: list[Cell], goal: Goal, swept: Swept) -> Figure:
    """An axis for each parameter, the result's last; colour is the result, the best cell on top and thick."""
    ranked = rank(cells, goal)
    results = [found for cell in ranked if (found := cell.result(goal[0])) is not None]
    scales = [Scale.of(cell.values[key] for cell in cells) for key in swept.keys]
    shade, names = Shade(results, goal), short_names(swept.keys)
    without = ["grey: without a result"] if len(results) < len(cells) else []
    width = max(WIDTH, ROOM * (len(scales) + 1) + 20)
    below = about(cells, swept, "a line is a cell", *without, "best thick")
    made = page(f"{better(goal)} by all parameters", below, 430, width)
    axes = made.subplots()
    room = (width - 60) / (len(scales) + 1)
    places = np.array([heights(ranked, scale, key) for scale, key in zip(scales, swept.keys, strict=True)])
    for i in reversed(range(len(ranked))):  # the best last, on top
        result = results[i] if i < len(results) else None
        draw_line(axes, places[:, i], result, shade, i == 0)
    for place, (scale, key) in enumerate(zip(scales, swept.keys, strict=True)):
        draw_axis(axes, place, scale.ticks(), names[key], room)
    draw_axis(axes, len(scales), result_ticks(shade), goal[0], room)
    axes.set(xlim=(-0.35, len(scales) + 0.35), ylim=(-0.06, 1.06))
    axes.set_axis_off()
    shade.bar(made, axes)
    return made


def heights(ranked: list[Cell], scale: Scale, key: str) -> list[float]:
    """Where each cell's line crosses the parameter's axis; lines of one value fan out, in order of their results."""
    places = [scale.place(cell.values[key]) for cell in ranked]
    if not scale.discrete:
        return places
    fanned = list(places)
    for value in set(places):
        same = [i for i, place in enumerate(places) if place == value]
        for i, shift in zip(same, np.linspace(FAN, -FAN, len(same)) if len(same) > 1 else [0.0], strict=True):
            fanned[i] += float(shift)
    return fanned


def draw_line(axes: Axes, places: Any, result: float | None, shade: Shade, best: bool) -> None:
    """A cell's line: to the result's axis if it has one, else grey and no further than its last parameter."""
    ends: Any = places
    colour: Any = FADED
    style: dict[str, Any] = {"linewidth": 0.8, "linestyle": (0, (3, 2))}
    if result is not None:
        height = min(1.0, max(0.0, (result - shade.low) / (shade.high - shade.low)))
        ends, colour, style = np.append(places, height), shade.colour(result), {"linewidth": 1.0}
    x = np.concatenate([BEND + i for i in range(len(ends) - 1)])
    y = np.concatenate([a + (b - a) * CURVE for a, b in zip(ends, ends[1:], strict=False)])
    if best and result is not None:
        axes.plot(x, y, color="white", linewidth=5, zorder=4)
        colour, style = BEST, {"linewidth": 2.6, "zorder": 5}
    axes.plot(x, y, color=colour, **style)


def draw_axis(axes: Axes, place: int, ticks: list[tuple[float, str]], name: str, room: float) -> None:
    """A vertical line with its ticks, and its name above it."""
    from matplotlib.patheffects import withStroke

    axes.plot([place, place], [-0.04, 1.04], color=INK, linewidth=1, zorder=6)
    halo = [withStroke(linewidth=3, foreground="white")]
    for height, text in ticks:
        axes.plot([place - 0.02, place], [height, height], color=INK, linewidth=1, zorder=6)
        axes.text(
            place - 0.04, height, text, ha="right", va="center", size=SMALL, color=INK, path_effects=halo, zorder=7
        )
    words = broken(name, int(room * POINTS / (TEXT * 0.6)))
    axes.text(place, 1.07, words, ha="center", va="bottom", size=TEXT, color=INK)


def result_ticks(shade: Shade) -> list[tuple[float, str]]:
    """Round numbers on the axis of the results."""
    scale = Scale([shade.low, shade.high], "linear")
    decimals = spread_decimals([shade.low, shade.high], digits=2)
    return [(scale.place(number), number_text(number, decimals)) for number in scale.round_numbers()]


def broken(name: str, letters: int) -> str:
    """A name in lines of so many letters where it can be, broken after its points, strokes and slashes."""
    lines = [""]
    for part in re.findall(r"[^_./]+[_./]?", name):
        if lines[-1] and len(lines[-1]) + len(part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
