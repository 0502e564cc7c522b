"""Codes as points in a panel, coloured by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.figures import FAINT, MOST_CLASSES, Box, class_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def scatter_classes(axes: Axes, points: np.ndarray, label: np.ndarray | None, classes: int, box: Box) -> None:
    """Points [N, 2] in a random order, so that no class [N] lies on top of the others; of many classes in one colour."""
    order = np.random.default_rng(0).permutation(len(points))
    coloured = label is not None and classes <= MOST_CLASSES
    colour: Any = class_colours(classes)[label[order]] if label is not None and coloured else FAINT
    x, y = points[order].T
    axes.scatter(x, y, min(24, max(5, 3e4 / max(1, len(x)))), colour, alpha=0.75, linewidths=0)
    axes.set(xlim=box[0], ylim=box[1], aspect="equal")


def class_legend(axes: Axes, names: Sequence[str]) -> None:
    """The classes and their colours, to the right of the panel; none of no or many classes."""
    from matplotlib.lines import Line2D

    if not 0 < len(names) <= MOST_CLASSES:
        return
    dots = [Line2D([], [], color=colour, marker="o", markersize=7, linewidth=0) for colour in class_colours(len(names))]
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.3}
    axes.legend(dots, list(names), **place, frameon=False, fontsize=10, handletextpad=0.2)
