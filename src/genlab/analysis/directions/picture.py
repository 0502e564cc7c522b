"""The page of attributes: what changes with the strength, the matrix of changes, and edited images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from genlab.analysis.base.page import WIDE, cell, composed, row
from genlab.analysis.directions.edits import Row, matrix
from genlab.figures import COLOURS, FAINT, INK, MARGIN, figure
from genlab.images import grid, widened
from genlab.panels import legend, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIGH, HEAD, GAP = 370, 56, 2  # pixels: of the curves, above the images, between them
SHOWN = 8  # curves
STILL: Row = {"strength": 0.0, "change": 0.0, "change_se": 0.0}


def picture(
    title: str,
    lines: Sequence[str],
    rows: Sequence[Row],
    names: Sequence[str],
    strength: float,
    strips: Iterable[tuple[str, Tensor, Sequence[str]]],
) -> Tensor:
    """The page, [3, H, W] in [0, 1].

    Args:
        title: of the page.
        lines: of words below it.
        rows: of ``changes``.
        names: of the attributes that are moved and judged.
        strength: of the matrix.
        strips: for each attribute what stands above its images, these row by row [R T, C, H, W], and T captions.
    """
    made, (left, right) = row(HIGH, 1, 1.15)
    curves(left, rows, names)
    changed(right, matrix(rows, names, strength), names, strength)
    sheets = [strip(name, images, captions) for name, images, captions in strips]
    return composed(title, lines, [made], *(sheets[i : i + 2] for i in range(0, len(sheets), 2)))


def strip(name: str, images: Tensor, captions: Sequence[str]) -> Figure:
    """Rows of images, half a page wide, each column below its strength; what is not edited stands in a frame."""
    across, down = len(captions), len(images) // len(captions)
    shown = cell(grid(widened(images, 3), across, GAP))
    side = (WIDE // 2 - 2 * MARGIN) / shown.shape[1]
    high = round(shown.shape[0] * side) + HEAD
    made = figure(WIDE // 2, high)
    axes = made.add_axes((2 * MARGIN / WIDE, 8 / high, 1 - 4 * MARGIN / WIDE, 1 - HEAD / high))
    axes.imshow(shown, interpolation="lanczos")
    pitch = images.shape[-1] + GAP
    axes.set_xticks([GAP + pitch * i + images.shape[-1] / 2 for i in range(across)], captions)
    axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8.5, colors=FAINT)
    axes.spines[:].set_visible(False)
    if "0" in captions:
        axes.axvspan(
            GAP / 2 + pitch * captions.index("0"), GAP / 2 + pitch * (captions.index("0") + 1), fill=False, ec=INK
        )
    made.text(MARGIN / (WIDE // 2), 1 - 10 / high, f"{name}, {down} images by strength", va="top", size=11, color=INK)
    return made


def curves(axes: Axes, rows: Sequence[Row], names: Sequence[str]) -> None:
    """The first attribute is moved: the change of every probability over the strength."""
    first = names[0]
    for other, colour in zip(names[:SHOWN], COLOURS, strict=False):
        own = [r for r in rows if r["edited"] == first and r["judged"] == other] + [STILL]
        own.sort(key=lambda r: r["strength"])
        x = [r["strength"] for r in own]
        is_meant = other == first
        axes.plot(x, [r["change"] for r in own], ".-", color=colour, lw=2.4 if is_meant else 1.2, label=in_words(other))
        low, high = ([r["change"] + sign * 2 * r["change_se"] for r in own] for sign in (-1, 1))
        axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
    axes.axhline(0, color=FAINT, lw=0.8)
    named(axes, f"strength of {in_words(first)}", "change of the probability", f"{in_words(first)} is moved")
    legend(axes, loc="upper left")


def changed(axes: Axes, values: Tensor, names: Sequence[str], strength: float) -> None:
    """The matrix of changes [A, A] with its numbers."""
    axes.imshow(values.numpy(), cmap="RdBu_r", vmin=-1, vmax=1)
    few = len(names) <= SHOWN
    for i, line in enumerate(values.tolist()):
        for j, value in enumerate(line):
            ink = "white" if abs(value) > 0.6 else INK
            axes.text(j, i, f"{value:+.2f}", ha="center", va="center", size=9 if few else 6, color=ink)
    told = [in_words(name) for name in names]
    axes.set_xticks(range(len(names)), told, rotation=0 if len(names) <= 5 else 45)
    axes.set_yticks(range(len(names)), told)
    axes.grid(visible=False)
    named(axes, "judged", "moved", f"Change of the probability at strength {strength:g}")


def in_words(name: str) -> str:
    """An attribute's name without underscores."""
    return name.replace("_", " ")
