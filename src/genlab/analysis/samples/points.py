"""Samples of a mixture with known modes: how many of each, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Findings
from genlab.analysis.base.subject import Subject
from genlab.analysis.samples.drawn import drawn
from genlab.data.store.source import Modes
from genlab.figures import BINS, FAINT, INK, reach
from genlab.metrics.histogram import kl_of_chance
from genlab.metrics.modes import NEAR, Assigned, assign
from genlab.panels import BLUE, RED, legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, float]


def found_of_points(subject: Subject, modes: Modes, count: int) -> Findings:
    """Table: a row a mode. Picture: the points beside the real ones, and bars of the modes."""
    x = torch.cat([*drawn(subject, count)]).float().cpu()
    found = assign(x, torch.from_numpy(modes.centres), modes.sigma)
    table = mode_rows(found)
    lines = said(found, table)
    metrics = {f"{subject.split}/{name}": value for name, value in found.coverage.items()}
    real = np.array(subject.prepared.points[subject.split][:count])  # type: ignore[index]
    drawings = x.shape[1] <= 2
    made, axes = panels(f"Modes: {subject.title}", lines, 2 if drawings else 1)
    if drawings:
        draw_points(axes[0], real, x, modes)
    draw_bars(axes[-1], table)
    return Findings(list(table), made, lines, metrics, dict.fromkeys(metrics, count))


def mode_rows(found: Assigned) -> list[Row]:
    """Samples and good ones by mode; the share among the good ones, and what it would be if all were alike."""
    total, modes = max(1, int(found.good.sum())), len(found.good)
    each = enumerate(zip(found.samples.tolist(), found.good.tolist(), strict=True))
    return [
        {"mode": k, "samples": n, "good": good, "share": good / total, "wanted": 1 / modes} for k, (n, good) in each
    ]


def said(found: Assigned, table: list[Row]) -> tuple[str, str]:
    """The two lines."""
    numbers, modes, count = found.coverage, len(table), int(found.samples.sum())
    first = (
        f"{numbers['modes']:.0f} of {modes} modes; {100 * numbers['high_quality']:.1f} % of {count:,} samples are good "
    )
    first += f"(within {NEAR:g} sigma of a mode)"
    if "modes_kl" not in numbers:
        return first, "no sample is good, so nothing is said of their shares"
    shares, by_chance = [row["share"] for row in table], kl_of_chance(modes, int(found.good.sum()))
    return first, (
        f"the fullest mode has {100 * max(shares):.1f} % of the good ones, the emptiest {100 * min(shares):.1f} % (alike: "
        f"{100 / modes:.1f} %); modes_kl is {numbers['modes_kl']:.4f} nats, {by_chance:.4f} by chance alone"
    )


def draw_points(axes: Axes, real: np.ndarray, x: Tensor, modes: Modes) -> None:
    """In the plane dots, on a line histograms; samples beyond the real ones' surroundings are cut off."""
    middle, half = reach(real)
    if x.shape[1] == 1:
        bins = np.linspace(middle[0] - half, middle[0] + half, BINS + 1)
        for values, colour, label in ((real, BLUE, "real"), (x.numpy(), RED, "generated")):
            heights = np.histogram(values[:, 0], bins)[0] / (len(values) * np.diff(bins))
            axes.stairs(heights, bins, fill=True, color=colour, alpha=0.5, label=label)
        named(axes, "x", "density", "Real and generated points")
    else:
        for points, colour, label in ((real, BLUE, "real"), (x.numpy(), RED, "generated")):
            axes.scatter(points[:, 0], points[:, 1], 5, colour, alpha=0.5, linewidths=0, label=label)
        axes.scatter(modes.centres[:, 0], modes.centres[:, 1], 40, INK, marker="+", linewidths=1, label="modes")
        axes.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), aspect="equal")
        named(axes, "", "", "Real and generated points")
    legend(axes, markerscale=2.5)


def draw_bars(axes: Axes, table: list[Row]) -> None:
    """Good samples of each mode, and the others at the mode nearest to them."""
    places, good = [row["mode"] for row in table], [row["good"] for row in table]
    others = [row["samples"] - row["good"] for row in table]
    axes.bar(places, good, 0.8, color=RED, label="good samples")
    axes.bar(places, others, 0.8, good, color="#dddddd", label="others, at the nearest mode")
    wanted = sum(row["samples"] for row in table) / len(table)
    axes.axhline(wanted, color=FAINT, linestyle="--", linewidth=1, label="all modes alike")
    axes.locator_params(axis="x", integer=True)
    axes.set_ylim(0, 1.25 * max(wanted, *(row["samples"] for row in table)))
    named(axes, "mode", "samples", "Samples of each mode")
    legend(axes, loc="upper right", ncols=2)
