"""How the pictures of this room look: a title, faint words below it, panels side by side with faint lines."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genlab.figures import FAINT, INK, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, HIGH, HEAD, LINE = 430, 350, 46, 15  # pixels: width and height of a panel, of the title, of a line of words
LETTER = 6.3  # pixels of a letter of the words below the title, on average
BLUE, RED, GREEN = "#4477aa", "#ee6677", "#228833"  # Tol's bright: real, fake, and what is aimed at


def panels(
    title: str, lines: Sequence[str], count: int, across: int = 3, size: tuple[int, int] = (SIDE, HIGH)
) -> tuple[Figure, list[Axes]]:
    """A page with a title, faint lines of words below it, and ``count`` panels, at most so many ``across``.

    ``size``: width and height of a panel, in pixels.
    """
    across, down = min(count, across), math.ceil(count / across)
    width = size[0] * across
    words = [part for line in lines for part in textwrap.wrap(line, int((width - 28) / LETTER))]
    head = HEAD + LINE * len(words)
    high = size[1] * down + head
    made = figure(width, high)
    made.set_layout_engine("constrained", rect=(0, 0, 1, 1 - head / high), w_pad=0.12, h_pad=0.1)
    made.text(14 / width, 1 - 12 / high, title, va="top", size=12, color=INK)
    made.text(14 / width, 1 - 36 / high, "\n".join(words), va="top", size=8.5, color=FAINT, linespacing=1.3)
    return made, [plain(axes) for axes in made.subplots(down, across, squeeze=False).flat[:count]]


def plain(axes: Axes) -> Axes:
    """Axes with faint lines, so that the data stand out."""
    axes.grid(color="#ececec")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=FAINT, length=0)
    axes.spines[:].set_color("#cccccc")
    return axes


def named(axes: Axes, across: str, up: str = "", title: str = "") -> None:
    """Names of the axes, and of the panel."""
    axes.set_xlabel(across, size=9, color=INK)
    axes.set_ylabel(up, size=9, color=INK)
    axes.set_title(title, size=9.5, color=INK, loc="left")


def legend(axes: Axes, **options: Any) -> None:
    """What is what, inside the panel."""
    axes.legend(fontsize=8, frameon=False, **options)
