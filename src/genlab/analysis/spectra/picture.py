"""Samples in rows, their spectra on one axis, precision and recall as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from genlab.analysis.reconstructions.rows import draw_rows
from genlab.analysis.spectra.spectrum import HIGH, Spectrum
from genlab.figures import COLOURS, INK
from genlab.panels import legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, ROW, CHART = 1180, 66, 340  # pixels: of the page, of a row of samples, of the charts' height


@dataclass(frozen=True)
class Shown:
    """What the picture has of a run, or of the real images: its row of the table, samples [n, C, H, W], its spectrum."""

    row: dict[str, Any]
    image: Tensor
    spectrum: Spectrum


def picture(title: str, lines: tuple[str, str], shown: Sequence[Shown]) -> Figure:
    """Rows of samples above, charts below."""
    high = ROW * len(shown)
    made, axes = panels(title, lines, 4, 2, size=(WIDE // 2, (high + CHART) // 2))
    grid = axes[0].get_gridspec()
    assert grid is not None
    grid.set_height_ratios([high, CHART])
    axes[0].set_subplotspec(grid[0, :])
    axes[1].remove()
    rows = [(one.row["run"], words(one, k), one.image) for k, one in enumerate(shown)]
    draw_rows(axes[0], rows)
    curves(axes[2], shown)
    bars(axes[3], shown)
    return made


def words(one: Shown, number: int) -> str:
    """What stands below the name of a row."""
    return "real images" if number == 0 else f"fine detail {one.row['fine_decibels']:+.1f} dB"


def colour(number: int) -> str:
    """Real images in ink, runs in colours."""
    return INK if number == 0 else COLOURS[(number - 1) % len(COLOURS)]


def curves(axes: Axes, shown: Sequence[Shown]) -> None:
    """Power by frequency, both logarithmic."""
    for number, one in enumerate(shown):
        seen = one.spectrum
        axes.plot(
            seen.frequency, seen.power, color=colour(number), linewidth=2 if number == 0 else 1.4, label=one.row["run"]
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([1 / 16, 1 / 8, 1 / 4, 1 / 2], ["1/16", "1/8", "1/4", "1/2"])
    axes.axvline(HIGH, color=INK, linewidth=0.8, linestyle=":")
    named(axes, "cycles a pixel (dotted: finer than this is fine)", "power", "power spectrum")
    legend(axes)


def bars(axes: Axes, shown: Sequence[Shown]) -> None:
    """Precision and recall."""
    width = 0.8 / len(shown)
    for number, one in enumerate(shown):
        places = [group + width * (number - (len(shown) - 1) / 2) for group in range(2)]
        values = [one.row["precision"], one.row["recall"]]
        axes.bar(places, values, width * 0.92, color=colour(number), label=one.row["run"])
        for place, value in zip(places, values, strict=True):
            axes.annotate(f"{value:.2f}", (place, value), (0, 2), textcoords="offset points", ha="center", size=8)
    axes.set_ylim(0, 1.12)
    axes.set_xticks(range(2), ["precision: is it like real ones?", "recall: does it make them all?"])
    named(axes, "", "", "faithful and varied")
