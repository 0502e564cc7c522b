"""History of a search: the result of each cell in the order in which they ended, and the best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab.figures import INK
from genlab.sweeps.pictures.page import BEST, PLAIN, ROUND, TEXT, Swept, about, better, legend, page, plain
from genlab.sweeps.pictures.shade import limits, reach
from genlab.sweeps.ranking import Cell, loss
from genlab.sweeps.rows import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PRUNED, FAILED = "#cc79a7", "#767676"


def by_end(cells: list[Cell]) -> list[Cell]:
    """The cells that have ended in the order in which they did; in order of their numbers where that is not known."""
    ended = [cell for cell in cells if cell.finished or cell.runs[0].state in ("failed", "pruned")]
    return sorted(ended, key=lambda cell: (cell.ended is None, cell.ended or 0.0, cell.number))


def best_so_far(cells: list[Cell], goal: Goal) -> list[float | None]:
    """After each cell the best result until then; None before the first."""
    best: float | None = None
    line = []
    for cell in cells:
        found = cell.result(goal[0])
        if found is not None and (best is None or loss(found, goal) < loss(best, goal)):
            best = found
        line.append(best)
    return line


def history(cells: list[Cell], goal: Goal, swept: Swept) -> Figure:
    """Points are finished cells; pruned ones stand at the last value they had, failed ones at the bottom."""
    from matplotlib.ticker import MaxNLocator

    ended = by_end(cells)
    low, high = limits([found for cell in ended if (found := cell.result(goal[0])) is not None])
    made = page(f"{better(goal)}, cell by cell", about(cells, swept), 330)
    axes = plain(made.subplots())
    draw_cells(axes, ended, goal, low, high)
    line = [(i + 1, best) for i, best in enumerate(best_so_far(ended, goal)) if best is not None]
    axes.plot(*zip(*line, strict=True), color=BEST, drawstyle="steps-post", linewidth=2, label="best so far", zorder=3)
    reach(axes, low, high)
    axes.set_xlim(0.2, len(ended) + 0.8)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=ROUND, integer=True))
    axes.set_xlabel("cells, in the order in which they ended", size=TEXT, color=INK)
    axes.set_ylabel(goal[0], size=TEXT, color=INK)
    legend(made, axes.get_legend_handles_labels()[1])
    return made


def draw_cells(axes: Axes, ended: list[Cell], goal: Goal, low: float, high: float) -> None:
    """The cells by what became of them; what lies beyond the axis stands at its edge."""
    kinds: dict[str, list[tuple[int, float]]] = {"finished": [], "pruned": [], "beyond the axis": [], "failed": []}
    bottom = low - (high - low) * 0.06
    for i, cell in enumerate(ended, 1):
        found = cell.mean(goal[0])
        kind = "finished" if cell.finished else cell.runs[0].state
        if found is None or kind == "failed":
            kinds["failed"].append((i, bottom))
        elif low <= found <= high:
            kinds[kind].append((i, found))
        else:
            kinds["beyond the axis" if kind == "finished" else kind].append((i, min(max(found, low), high)))
    styles = {
        "finished": {"marker": "o", "color": PLAIN},
        "pruned": {"marker": "v", "color": PRUNED},
        "beyond the axis": {"marker": "d", "color": PLAIN, "fillstyle": "none"},
        "failed": {"marker": "x", "color": FAILED, "clip_on": False},
    }
    size = 6 if len(ended) <= 60 else 4
    for kind, points in kinds.items():
        if points:
            axes.plot(*zip(*points, strict=True), linestyle="", markersize=size, label=kind, **styles[kind])  # type: ignore[arg-type]
