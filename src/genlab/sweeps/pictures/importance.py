"""Importance of parameters: how much of the goal's variation each of them makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab.figures import INK
from genlab.sweeps.pictures.page import PLAIN, SMALL, TEXT, Swept, about, page, plain
from genlab.sweeps.ranking import Cell
from genlab.sweeps.rows import Goal
from genlab.sweeps.words import short_names, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def importance(cells: list[Cell], goal: Goal, swept: Swept) -> Figure:
    """A bar for each parameter's share, the largest on top; see ``genlab.sweeps.study`` for how it is computed."""
    names = short_names([*swept.importance])
    shares = sorted(swept.importance.items(), key=lambda item: -item[1])
    title = f"What {goal[0]} depends on"
    made = page(
        title, about(cells, swept, "share of each parameter in the order of the cells (fANOVA)"), len(shares) * 30 + 55
    )
    axes = plain(made.subplots())
    axes.grid(False)
    axes.spines[:].set_visible(False)
    places = range(len(shares))
    axes.barh(places, [share for _, share in shares], 0.66, color=PLAIN)
    axes.set_yticks(places, [shortened(names[key], 24) for key, _ in shares], size=TEXT)
    axes.set_xticks([])
    axes.set_xlim(0, max(share for _, share in shares) * 1.15 or 1)
    axes.invert_yaxis()
    for place, (_, share) in zip(places, shares, strict=True):
        text = f"{share:.0%}" if share >= 0.01 or not share else "< 1%"
        axes.annotate(text, (share, place), (4, 0), textcoords="offset points", va="center", size=SMALL, color=INK)
    return made
