"""The page that every picture of a sweep is drawn on: title, words below it, and how it is saved."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.figures import FAINT, INK, figure
from genlab.files import temporary
from genlab.sweeps.ranking import Cell
from genlab.sweeps.rows import Goal
from genlab.sweeps.words import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 600, 150  # hundredths of an inch, so 900 pixels: letters of 8 points can still be read on a phone
POINTS = 0.72  # in a hundredth of an inch
TITLE, TEXT, SMALL = 12, 9, 8  # points
ROUND = (1, 2, 2.5, 5, 10)  # steps between ticks
LETTER = 0.54  # width of a letter on average, of its height
BEST = "#d55e00"  # Okabe and Ito's vermilion: what marks the best cell
PLAIN = "#0072b2"  # their blue
FADED = "#8a8f99"  # cells without a result


@dataclass(frozen=True)
class Swept:
    """What the pictures have to know of a sweep besides its rows.

    Args:
        keys: the varied parameters, in the order of the sweep file.
        method: ``grid``, ``random`` or ``bayes``.
        name: of the sweep; stands in each picture.
        dimensions: numbers in one image (C H W), by which a distortion is divided; None if data differ or are not known.
        importance: share of each parameter in what the goal depends on, where that has been computed.
    """

    keys: list[str]
    method: str
    name: str = ""
    dimensions: int | None = None
    importance: dict[str, float] = field(default_factory=dict)


def page(title: str, below: str, height: float, width: float = WIDTH) -> Figure:
    """An empty page, size in hundredths of an inch, with a title and faint words; the height is without these."""
    title, below = wrapped(title, width, TITLE), wrapped(below, width, SMALL)
    first, second = (lines.count("\n") + 1 for lines in (title, below))
    head = (first * TITLE * 1.25 + second * SMALL * 1.35) / POINTS + 16
    made = figure(width, height + head)
    made.set_layout_engine("constrained", rect=(0, 0, 1, 1 - head / (height + head)), w_pad=0.08, h_pad=0.06)
    edge = 10 / width
    made.text(edge, 1 - 8 / (height + head), title, va="top", size=TITLE, color=INK)
    under = 1 - (8 + first * TITLE * 1.25 / POINTS + 3) / (height + head)
    made.text(edge, under, below, va="top", size=SMALL, color=FAINT, linespacing=1.25)
    return made


def wrapped(text: str, width: float, size: float) -> str:
    """The text in lines that fit the width."""
    lines = textwrap.wrap(text, int((width - 20) * POINTS / (size * LETTER)))
    return "\n".join(line.strip("· ") for line in lines)


def plain(axes: Axes) -> Axes:
    """Axes with faint lines, so that the data stand out."""
    axes.grid(color="#ececec")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, colors=INK, length=0)
    axes.spines[:].set_color("#cccccc")
    return axes


def legend(made: Figure, words: list[str]) -> None:
    """What is what, below the axes."""
    made.legend(loc="outside lower center", ncols=columns_of(words), fontsize=SMALL, frameon=False)


def columns_of(words: list[str]) -> int:
    """The columns of a legend that fit a page."""
    most = int((WIDTH - 40) * POINTS / (max(map(len, words)) * SMALL * LETTER + 40))
    return max(1, min(most, len(words)))


def legend_height(words: list[str]) -> float:
    """The height of a legend, in hundredths of an inch."""
    return 18 * math.ceil(len(words) / columns_of(words)) + 8


def about(cells: list[Cell], swept: Swept, *more: str) -> str:
    """The words below a title: the sweep, how many cells and seeds there are, how many are not finished."""
    seeds = max(len(cell.runs) for cell in cells)
    parts = [swept.name, plural(len(cells), "cell"), f"{seeds} seeds each" if seeds > 1 else "1 seed"]
    parts += [f"{count} {state}" for state, count in unfinished(cells).items()]
    whole = (part.replace(" ", "\N{NO-BREAK SPACE}") for part in [*parts, *more] if part)  # lines end between them
    return "  ·  ".join(whole)


def unfinished(cells: list[Cell]) -> dict[str, int]:
    """How many cells without a finished run there are of each state."""
    states = [cell.runs[0].state for cell in cells if not cell.finished]
    return {state: states.count(state) for state in sorted(set(states))}


def better(goal: Goal) -> str:
    """The metric, and which end of it is good: ``val/elbo (higher is better)``."""
    return f"{goal[0]} ({'higher' if goal[1] == 'maximize' else 'lower'} is better)"


def save(made: Figure, path: Path) -> Path:
    """Write the figure as PNG, whole or not at all; equal figures become equal bytes: no version, no date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nothing: Any = {"Software": None}
    with temporary(path) as part:
        made.savefig(part, format="png", dpi=DPI, metadata=nothing)
    return path
