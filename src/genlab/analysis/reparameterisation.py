"""``what=reparameterisation``: the gradient of a VAE's encoder by the score function, and by z = mu + sigma eps.

Kingma and Welling, 2013 (arXiv:1312.6114), section 2.2: the first is too noisy to be of use. Here both are taken at the same
weights, of the same images, from the same draws; both are unbiased, so that their means agree. The KL has no part in it: it is
known in closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.estimators.encoder import PARTS, HasPosterior, Measured, measured, point_of
from genlab.analysis.estimators.gradients import BASELINE, NAMES, PATHWISE, SCORE, Moments
from genlab.config.types import AtLeastTwo, PositiveInt
from genlab.panels import BLUE, GREEN, RED, legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = 470, 400
COLOURS = {SCORE: RED, BASELINE: GREEN, PATHWISE: BLUE}
SHORT = {SCORE: "score_function", BASELINE: "score_function_baseline", PATHWISE: "pathwise"}
Row = dict[str, Any]


@dataclass
class Reparameterisation(Analysis):
    """Variance of a single draw's gradient, by the encoder's outputs and by its weights; the error of means of draws.

    Args:
        images: whose reconstruction term is differentiated.
        draws: of z for each image.
        through_weights: draws whose gradient is carried on to the encoder's weights.
    """

    needs: ClassVar[tuple[type, ...]] = (HasPosterior,)

    images: PositiveInt
    draws: AtLeastTwo
    through_weights: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Only images are encoded."""
        require_images("reparameterisation", subjects)

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each estimator and part of the encoder; the error by number of draws in a further one."""
        (subject,) = subjects
        point = point_of(subject, self.images)
        found = measured(subject, point, self.draws, min(self.through_weights, self.draws))
        rows = [row_of(name, part, found) for part in PARTS for name in NAMES]
        errors = errors_by_draws(found)
        lines = said(found, len(point.x), self.draws)
        metrics = {f"variance_{SHORT[name]}": total(found, name, "weights") for name in NAMES}
        counts = {"images": len(point.x), "draws": self.draws}
        tables: dict[str, list[Mapping[str, Any]]] = {"reparameterisation_draws": list(errors)}
        return Findings(list(rows), drawn(subject, rows, errors, lines), lines, metrics, counts, {}, tables)


def total(found: Measured, name: str, part: str) -> float:
    """The variance of a single draw's gradient, summed over its numbers: E |g - E g|^2."""
    return float(found.moments[name, part].variance.sum())


def row_of(name: str, part: str, found: Measured) -> Row:
    """Variance, squared norm of the mean gradient, and draws after which noise and signal are equal."""
    variance, signal = total(found, name, part), signal_of(found.moments[PATHWISE, part])
    return {
        "by": part,
        "estimator": name,
        "variance": variance,
        "times_pathwise": variance / total(found, PATHWISE, part),
        "squared_norm": signal,
        "draws_for_equal_noise": variance / signal if signal > 0 else None,
        "from_pathwise": apart(found.moments[name, part], found.moments[PATHWISE, part]),
        "draws": found.moments[name, part].count,
    }


def signal_of(one: Moments) -> float:
    """|E g|^2, without what the noise of the mean adds to it."""
    return max(0.0, float(one.mean.square().sum() - one.variance.sum() / one.count))


def apart(one: Moments, other: Moments) -> float:
    """|difference of the means|^2 over what chance makes of it: about 1, or below (the draws are the same), if both agree."""
    chance = float((one.variance / one.count + other.variance / other.count).sum())
    return float((one.mean - other.mean).square().sum()) / chance if chance else 0.0


def errors_by_draws(found: Measured) -> list[Row]:
    """The relative error of the mean gradient by mu, of 1, 2, 4, … draws, in the root mean square over groups of draws.

    Against the pathwise mean over all draws.
    """
    truth = found.first[PATHWISE].mean(0)
    count, size, rows = len(found.first[PATHWISE]), 1, []
    while size <= count // 2:
        rows.append({"draws": size, **{name: error_of(found.first[name], truth, size) for name in NAMES}})
        size *= 2
    return rows


def error_of(estimates: Tensor, truth: Tensor, size: int) -> float:
    """Root mean square of |mean of ``size`` draws - truth| / |truth|. [S, P], [P]."""
    groups = len(estimates) // size
    means = estimates[: groups * size].view(groups, size, -1).mean(1)
    return float(((means - truth).square().sum(1).mean() / truth.square().sum()).sqrt())


def said(found: Measured, images: int, draws: int) -> tuple[str, str]:
    """The two lines."""
    by_score, baseline, along = (total(found, name, "weights") for name in (SCORE, BASELINE, PATHWISE))
    first = (
        f"variance of one draw's gradient by the encoder's weights, {images} images: score function {by_score:.3g}, with a "
        f"baseline {baseline:.3g}, pathwise {along:.3g}: {by_score / along:,.0f} and {baseline / along:,.0f} times the last"
    )
    agreeing = max(row_of(name, "mu", found)["from_pathwise"] for name in (SCORE, BASELINE))
    second = (
        f"of {draws:,} draws the means differ by {agreeing**0.5:.2f} of what chance explains: all are unbiased; "
        f"noise is as large as the gradient itself after {equal(found, SCORE)} draws, {equal(found, BASELINE)} and "
        f"{equal(found, PATHWISE)}"
    )
    return first, second


def equal(found: Measured, name: str) -> str:
    """Draws after which noise and signal are equal, in words."""
    value = row_of(name, "weights", found)["draws_for_equal_noise"]
    return "no number of" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def drawn(subject: Subject, rows: list[Row], errors: list[Row], lines: tuple[str, str]) -> Figure:
    """Variances as bars, and the error against the number of draws."""
    made, (left, right) = panels(f"Score function against reparameterisation: {subject.title}", lines, 2, size=SIZE)
    bars(left, rows)
    counts = [row["draws"] for row in errors]
    for name in NAMES:
        right.plot(counts, [row[name] for row in errors], color=COLOURS[name], marker="o", markersize=3.5, label=name)
    right.axhline(1, color="#222222", linewidth=0.8, linestyle=":")
    right.set_xscale("log", base=2)
    right.set_yscale("log")
    named(
        right,
        "draws that are averaged",
        "error / gradient",
        "relative error of the gradient by mu (dotted: as large as itself)",
    )
    legend(right)
    return made


def bars(axes: Axes, rows: list[Row]) -> None:
    """A group of bars for each part of the encoder, with how many times the pathwise variance each is."""
    for number, name in enumerate(NAMES):
        own = [row for row in rows if row["estimator"] == name]
        places = [part + 0.28 * (number - 1) for part in range(len(own))]
        axes.bar(places, [row["variance"] for row in own], 0.26, color=COLOURS[name], label=name)
        for place, row in zip(places, own, strict=True):
            axes.annotate(
                f"{row['times_pathwise']:,.0f}×" if row["times_pathwise"] >= 1.5 else "1×",
                (place, row["variance"]), (0, 2), textcoords="offset points", ha="center", size=8,
            )  # fmt: skip
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 60)
    axes.set_xticks(range(len(PARTS)), ["$\\mu$", "$\\log\\sigma^2$", "the encoder's weights"])
    named(axes, "gradient by", "variance of one draw, summed", "noise of a single draw")
    legend(axes, loc="upper right", ncols=1)
