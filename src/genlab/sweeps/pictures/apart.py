"""Labels beside points that cover neither each other nor the points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genlab.sweeps.pictures.page import SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Box = tuple[float, float, float, float]  # left, bottom, right, top
DIRECTIONS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0))
AWAY = 5  # points between a label and the middle of what it names


def label_points(axes: Axes, points: list[tuple[float, float]], texts: list[str], colours: list[Any]) -> int:
    """Write each text beside its point [x, y] where there is room; the rest are left out. Returns how many are written."""
    made = axes.figure
    made.draw_without_rendering()  # type: ignore[union-attr]  # the layout decides where things lie
    scale, inside = made.dpi / 72, axes.bbox.extents  # pixels in a point of type
    places = [tuple(place) for place in axes.transData.transform(points)]
    taken: list[Box] = [around(x, y, 3 * scale) for x, y in places]
    written = 0
    for (x, y), point, text, colour in zip(places, points, texts, colours, strict=True):
        size = len(text) * SMALL * 0.62 * scale, SMALL * scale
        boxes = ((side, box_at(x, y, side, size, AWAY * scale)) for side in DIRECTIONS)
        free = next(
            ((side, box) for side, box in boxes if within(box, inside) and not any(meet(box, b) for b in taken)), None
        )
        if free is None:
            continue
        taken.append(free[1])
        write(axes, text, point, free[0], colour)
        written += 1
    return written


def write(axes: Axes, text: str, point: tuple[float, float], side: tuple[int, int], colour: Any) -> None:
    """One label on that side of its point."""
    from matplotlib.patheffects import withStroke

    across, up = ({1: "left", -1: "right", 0: "center"}[side[0]], {1: "bottom", -1: "top", 0: "center"}[side[1]])
    away = AWAY * (0.8 if all(side) else 1)
    far = away * side[0], away * side[1]
    words = axes.annotate(text, point, far, textcoords="offset points", ha=across, va=up, size=SMALL, color=colour)
    words.set_path_effects([withStroke(linewidth=2, foreground="white")])
    words.set_in_layout(False)


def box_at(x: float, y: float, side: tuple[int, int], size: tuple[float, float], away: float) -> Box:
    """The box of a label of that size on one side of a point, all in pixels."""
    left = x + side[0] * away + (side[0] - 1) / 2 * size[0]
    bottom = y + side[1] * away + (side[1] - 1) / 2 * size[1]
    return left, bottom, left + size[0], bottom + size[1]


def around(x: float, y: float, half: float) -> Box:
    """The square around a point."""
    return x - half, y - half, x + half, y + half


def meet(a: Box, b: Any) -> bool:
    """Whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def within(box: Box, outer: Any) -> bool:
    """Whether a box lies inside another."""
    return bool(box[0] >= outer[0] and box[1] >= outer[1] and box[2] <= outer[2] and box[3] <= outer[3])
