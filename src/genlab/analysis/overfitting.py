"""``what=overfitting``: training against validation curves of several runs, and what each cure of over-fitting cures.

The curve of the training images goes on falling while that of validation images turns: what is learnt after that is learnt
by heart. Early stopping (Prechelt, 1998) keeps the turning point, and it can be read off every run: ``best.ckpt`` is it.
Weight decay (Krogh and Hertz, 1991), dropout (Srivastava et al., 2014) and augmentation move the curves themselves.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import called
from genlab.analysis.base.subject import Subject
from genlab.analysis.curves.cures import cures, differing, in_words, settings
from genlab.analysis.curves.read import Curves, columns_of, curves_of, shared_metric
from genlab.config.what_is_analyzed import LooksAt
from genlab.figures import COLOURS, FAINT
from genlab.panels import legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = 620, 430
TURNED = 0.01  # of the lowest validation: what a curve has to rise by to have turned
FEW = 4  # rows of training in a point, fewer of which are the noise of single batches
Row = dict[str, Any]


@dataclass
class Overfitting(Analysis):
    """Curves of a metric of which less is better, from each run's ``metrics.csv``.

    Args:
        metric: as in ``val/<metric>``; ``auto``: the first that all runs have of both kinds of images, errors before losses.
        from_epoch: where the axes begin: the first epochs would press the rest together.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"

    metric: str
    from_epoch: float

    def refuse(self, *subjects: Subject) -> None:
        """Curves have to be there."""
        self.read(subjects)

    def read(self, subjects: Sequence[Subject]) -> tuple[str, list[Curves]]:
        """The metric, and the curves of each run."""
        columns = {called(one): columns_of(one.directory) for one in subjects}
        metric = shared_metric(columns, self.metric)
        return metric, [curves_of(one, metric) for one in columns.values()]

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each run; the curves in a further one."""
        metric, found = self.read(subjects)
        own = differing([settings(one.loaded.config) for one in subjects])
        names = [called(one) for one in subjects]
        rows = [row_of(*one) for one in zip(names, found, own, strict=True)]
        lines = said(rows, metric)
        metrics = {f"val/{metric}_{row['run'].replace('/', '_')}": row["val_best"] for row in rows}
        points = [
            {"run": name, "images": kind, "epoch": epoch, metric: value}
            for name, curves in zip(names, found, strict=True)
            for kind, curve in (("train", curves.train), ("val", curves.val))
            for epoch, value in curve
        ]
        picture = drawn(rows, found, metric, lines, self.from_epoch)
        return Findings(list(rows), picture, lines, metrics, {}, {}, {"overfitting_curves": list(points)})


def row_of(name: str, curves: Curves, own: dict[str, Any]) -> Row:
    """Numbers of a run: at the lowest validation, at the end, and how far validation is above training."""
    (epoch, best), (end, last) = curves.best, curves.last
    return {
        "run": name,
        "cures": ", ".join(cures(own)) or "none",
        "val_best": best,
        "best_epoch": epoch,
        "val_last": last,
        "last_epoch": end,
        "train_last": curves.trained(end),
        "train_rows": curves.rows,
        "gap_last": last - curves.trained(end),
        "gap_best": best - curves.trained(epoch),
        "saved_by_early_stopping": last - best,
        "turned": int(last - best > TURNED * abs(best)),
        "settings": in_words(own),
    }


def said(rows: Sequence[Row], metric: str) -> tuple[str, str]:
    """The two lines."""
    best = min(rows, key=lambda row: row["val_best"])
    told = [f"{row['run']} {row['val_best']:.4g} (epoch {row['best_epoch']:g})" for row in rows]
    first = f"lowest val/{metric}: {', '.join(told)}; the best is {best['run']}, whose own settings cure by: {best['cures']}"
    turned = [row for row in rows if row["turned"]]
    parts = [f"{row['run']} by {row['saved_by_early_stopping']:.3g}" for row in turned]
    gaps = ", ".join(f"{row['run']} {row['gap_last']:+.3g}" for row in rows)
    stopping = (
        f"early stopping saves {', '.join(parts)}" if parts else "no curve has turned, so early stopping saves nothing"
    )
    noisy = [row["run"] for row in rows if row["train_rows"] < FEW]
    remedy = f" (training is noisy, few batches a point of {', '.join(noisy)}: trainer.log_every_n_steps=1)"
    return first, f"{stopping}; at the end validation is above training by: {gaps}{remedy if noisy else ''}"


def drawn(rows: Sequence[Row], found: Sequence[Curves], metric: str, lines: tuple[str, str], begin: float) -> Figure:
    """All curves on one axis; the numbers at the end of each run as bars."""
    made, (left, right) = panels("Learnt, and learnt by heart", lines, 2, size=SIZE)
    for k, (row, curves) in enumerate(zip(rows, found, strict=True)):
        colour = COLOURS[k % len(COLOURS)]
        draw(left, curves, colour, f"{row['run']}" + ("" if row["cures"] == "none" else f": {row['cures']}"), begin)
    left.set_ylim(*ends(rows))
    named(left, "epoch", metric, "validation (line) above training (dashes); dot: where early stopping stops")
    legend(left)
    bars(right, rows, metric)
    return made


def ends(rows: Sequence[Row]) -> tuple[float, float]:
    """Of the vertical axis: where the runs end and as much again above, so that the first epochs do not press that together."""
    low = min(min(row["train_last"], row["val_best"]) for row in rows)
    high = max(max(row["train_last"], row["val_last"]) for row in rows)
    room = max(high - low, 1e-9)
    return low - 0.15 * room, high + 0.9 * room


def later(points: list[tuple[float, float]], begin: float) -> list[tuple[float, float]]:
    """The points from an epoch on; all of a curve that ends before."""
    return [point for point in points if point[0] >= begin] or points


def draw(axes: Axes, curves: Curves, colour: str, label: str, begin: float) -> None:
    """The two curves of a run, and the turning point."""
    axes.plot(*zip(*later(curves.train, begin), strict=True), color=colour, linestyle=(0, (4, 2)), linewidth=1)
    axes.plot(*zip(*later(curves.val, begin), strict=True), color=colour, linewidth=1.8, label=label)
    axes.plot(*curves.best, color=colour, marker="o", markersize=6)


def bars(axes: Axes, rows: Sequence[Row], metric: str) -> None:
    """Training at the end, the lowest validation, validation at the end."""
    for k, (key, label, shade) in enumerate(
        (
            ("train_last", "training, at the end", 0.35),
            ("val_best", "validation, at its lowest", 1.0),
            ("val_last", "validation, at the end", 0.65),
        )
    ):
        places = [n + 0.27 * (k - 1) for n in range(len(rows))]
        colours = [COLOURS[n % len(COLOURS)] for n in range(len(rows))]
        axes.bar(places, [row[key] for row in rows], 0.25, color=colours, alpha=shade)
        for place, row in zip(places, rows, strict=True):
            axes.annotate(
                f"{row[key]:.3g}", (place, row[key]), (0, 2), textcoords="offset points", ha="center", size=7.5
            )
        axes.bar([0], [0], color=FAINT, alpha=shade, label=label)
    axes.set_xticks(range(len(rows)), [textwrap.fill(f"{row['run']}: {row['cures']}", 24) for row in rows])
    if min(row[key] for row in rows for key in ("train_last", "val_best")) >= 0:
        axes.set_ylim(0, 1.22 * max(max(row["val_last"], row["train_last"]) for row in rows))
    named(axes, "", metric, "at the end of each run")
    legend(axes, loc="upper center", ncols=3)
