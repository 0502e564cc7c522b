"""The page of disentanglement: for each model what a latent tells of a factor; the numbers as bars, or over beta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from genlab.analysis.base.page import WIDE, composed, row
from genlab.analysis.factors.measured import Measured
from genlab.figures import COLOURS, FAINT, INK
from genlab.panels import legend, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIGH = 400  # pixels of a row of panels
ACROSS, MOST = 3, 6  # matrices in a row, and in all, of several models
WORDS = {"mig_hist20": "MIG", "sap": "SAP", "dci_disentanglement": "DCI disentanglement"}
WORDS |= {"dci_completeness": "DCI completeness", "dci_informativeness": "DCI informativeness"}


def picture(title: str, lines: Sequence[str], found: Sequence[Measured]) -> Tensor:
    """The page, [3, H, W] in [0, 1]."""
    rows = one_model(found[0]) if len(found) == 1 else several(found)
    return composed(title, lines, *([one] for one in rows))


def one_model(one: Measured) -> list[Figure]:
    """Both matrices and the numbers."""
    shares = (1.0, 1.0, 0.9) if one.importance is not None else (1.0, 0.9)
    made, axes = row(HIGH, *shares)
    matrix(axes[0], one.shared, one.factors, "Mutual information, share of the factor's entropy", gaps=one.gaps)
    if one.importance is not None:
        matrix(axes[1], one.importance, one.factors, "Importance to trees that predict the factor (DCI)")
    bars(axes[-1], one.numbers)
    return [made]


def several(found: Sequence[Measured]) -> list[Figure]:
    """The matrix of the best run of each beta by MIG, or of the best runs; and the numbers of all of them over beta."""
    ordered = sorted(found, key=lambda one: (one.beta is None, one.beta or 0.0))
    picked = best_of_each(ordered)
    figures = []
    for start in range(0, len(picked), ACROSS):
        part = picked[start : start + ACROSS]
        made, axes = row(HIGH, *[1.0] * len(part), wide=WIDE * len(part) // ACROSS)
        for panel, (one, count) in zip(axes, part, strict=True):
            beta = "" if one.beta is None else f", beta {one.beta:g}"
            of = f", best of {count}" if count > 1 else ""
            matrix(panel, one.shared, one.factors, f"{one.name}{beta}{of}", gaps=one.gaps)
        figures.append(made)
    made, (below,) = row(HIGH, 1.0, wide=2 * WIDE // 3)
    over_beta(below, ordered)
    return [*figures, made]


def best_of_each(found: Sequence[Measured]) -> list[tuple[Measured, int]]:
    """The run with the highest MIG of each beta, and how many there are of it; at most ``MOST``, in their order."""
    groups: dict[Any, list[Measured]] = {}
    for one in found:
        groups.setdefault(one.name if one.beta is None else one.beta, []).append(one)
    best = [(max(group, key=lambda one: one.numbers["mig_hist20"]), len(group)) for group in groups.values()]
    return best[:MOST]


def matrix(axes: Axes, values: np.ndarray, names: Sequence[str], title: str, gaps: np.ndarray | None = None) -> None:
    """[D, K]: a row a latent, a column a factor; the gap of each factor below its name."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(1e-6, float(values.max())), aspect="auto")
    for j, line in enumerate(values):
        for k, value in enumerate(line):
            dark = value > 0.6 * values.max()
            if value >= 0.01 and len(values) <= 20:
                axes.text(k, j, f"{value:.2f}", ha="center", va="center", size=8, color="white" if dark else INK)
    below = ["" if gaps is None else f"\ngap {gap:.2f}" for gap in (gaps if gaps is not None else names)]
    axes.set_xticks(range(len(names)), [f"{name}{told}" for name, told in zip(names, below, strict=True)])
    axes.set_yticks(range(len(values)))
    axes.grid(visible=False)
    axes.tick_params(colors=FAINT)
    named(axes, "", "latent", title)


def bars(axes: Axes, numbers: dict[str, float]) -> None:
    """Each number in [0, 1]."""
    names = [in_words(name) for name in numbers]
    axes.barh(range(len(numbers)), list(numbers.values()), 0.6, color=COLOURS[0])
    for i, value in enumerate(numbers.values()):
        axes.text(min(value, 1) + 0.02, i, f"{value:.3f}", va="center", size=9, color=INK)
    axes.set_yticks(range(len(numbers)), [name.replace(" ", "\n") for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2)
    axes.grid(visible=False, axis="y")
    named(axes, "1 is best", "", "Summed up")


def over_beta(axes: Axes, found: Sequence[Measured]) -> None:
    """Each number over beta: a dot a run, a line through the means; runs without a beta by their names."""
    by_beta = all(one.beta is not None for one in found)
    x = np.array([one.beta for one in found]) if by_beta else np.arange(len(found))
    for name, colour in zip(found[0].numbers, COLOURS, strict=False):
        y = np.array([one.numbers.get(name, np.nan) for one in found])
        axes.scatter(x, y, 14, color=colour, alpha=0.6, linewidths=0)
        places = np.unique(x)
        means = [y[x == place].mean() for place in places]
        axes.plot(places, means, color=colour, lw=1.8, label=in_words(name))
    if by_beta:
        axes.set_xscale("log")
        axes.set_xticks(np.unique(x), [f"{value:g}" for value in np.unique(x)])
        axes.minorticks_off()
    else:
        axes.set_xticks(x, [one.name for one in found], rotation=30)
    named(axes, "beta" if by_beta else "", "1 is best", "A dot for each run, a line through their means")
    legend(axes, loc="center left", bbox_to_anchor=(1.0, 0.5))


def in_words(name: str) -> str:
    """A number's name; the predictor of DCI is left out."""
    return next((words for key, words in WORDS.items() if name.startswith(key)), name)
