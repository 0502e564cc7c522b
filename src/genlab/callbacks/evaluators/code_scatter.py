"""Codes in the plane as points, coloured by class, in panels of the same scale side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.figures import FAINT, INK, LINE, MOST_CLASSES, Box, class_colours, figure, square_around

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, LEFT, HEAD, FOOT, LEGEND = 560, 70, 50, 60, 150  # pixels: of a panel, and of what stands around it


@dataclass(frozen=True)
class Panel:
    """Points [N, 2] below a title, the class of each [N] or None, and the names of the axes."""

    title: str
    points: np.ndarray
    labels: np.ndarray | None
    axes: tuple[str, str]


def code_scatter(panels: list[Panel], names: tuple[str, ...], plain: str = "") -> Figure:
    """The panels; ``names``: of the classes. Without colours a line below says why: ``plain``, or that the classes are many."""
    labelled = panels[0].labels is not None
    coloured = labelled and len(names) <= MOST_CLASSES
    words = "" if coloured else f"one colour: {len(names)} classes, more than {MOST_CLASSES}" if labelled else plain
    wide = len(panels) * (LEFT + SIDE) + (LEGEND if coloured else LEFT // 2)
    foot = FOOT + (LINE if words else 0)
    high = HEAD + SIDE + foot
    made, ends = figure(wide, high), square_around(*(panel.points for panel in panels))
    for i, panel in enumerate(panels):
        place = (LEFT + i * (LEFT + SIDE)) / wide, foot / high, SIDE / wide, SIDE / high
        draw(made.add_axes(place), panel, class_colours(len(names)) if coloured else None, ends)
    if words:
        made.text(LEFT / wide, 10 / high, words, size=10, color=FAINT)
    if coloured:
        legend(made, names, 1 - (LEGEND - 12) / wide, 1 - HEAD / high)
    return made


def draw(axes: Axes, panel: Panel, palette: np.ndarray | None, ends: Box) -> None:
    """One panel; points in a random order, so that no class lies on top of the others."""
    order = np.random.default_rng(0).permutation(len(panel.points))
    colour: Any = FAINT if panel.labels is None or palette is None else palette[panel.labels[order]]
    x, y = panel.points[order].T
    axes.scatter(x, y, min(24, max(5, 3e4 / max(1, len(x)))), colour, alpha=0.75, linewidths=0)
    axes.set(xlim=ends[0], ylim=ends[1], aspect="equal")
    axes.set_title(panel.title, size=12, color=INK, loc="left")
    axes.set_xlabel(panel.axes[0], size=10, color=INK)
    axes.set_ylabel(panel.axes[1], size=10, color=INK)
    axes.grid(color="#ececec")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, colors=FAINT, length=0)
    axes.spines[:].set_color("#cccccc")


def legend(made: Figure, names: tuple[str, ...], left: float, top: float) -> None:
    """The classes and their colours, to the right of the panels."""
    from matplotlib.lines import Line2D

    dots = [Line2D([], [], color=colour, marker="o", markersize=8, linewidth=0) for colour in class_colours(len(names))]
    place: Any = {"loc": "upper left", "bbox_to_anchor": (left, top), "borderaxespad": 0}
    made.legend(dots, names, **place, frameon=False, fontsize=11, handletextpad=0.3)
