"""``what=nll``: the likelihood of held-out images one by one: a histogram, the gap to the ELBO, best and worst images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.page import cell, composed, row, sheet
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.samples.drawn import drawn
from genlab.config.types import PositiveInt
from genlab.console import progress
from genlab.contracts import ConfigError, Problem, Samples, Weighs
from genlab.figures import FAINT, INK, Block
from genlab.inference.importance import ImportanceSampler, has_likelihood, is_mass
from genlab.metrics.importance_sampling import mean_and_error
from genlab.panels import BLUE, RED, legend, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGH, SIDE, BINS = 340, 84, 40


@dataclass(frozen=True)
class Weighed:
    """Images [N, C, H, W] with index and label, and log w of their samples, [N, K] float64."""

    image: Tensor
    index: Tensor
    label: Tensor | None
    log_w: Tensor

    def nll(self, count: int) -> Tensor:
        """-log p(x) by the first ``count`` samples, [N]."""
        return math.log(count) - self.log_w[:, :count].logsumexp(1)

    @property
    def negative_elbo(self) -> Tensor:
        """-ELBO, the mean of all samples, [N]."""
        return -self.log_w.mean(1)

    @property
    def effective(self) -> Tensor:
        """Effective sample size, [N]."""
        return (2 * self.log_w.logsumexp(1) - (2 * self.log_w).logsumexp(1)).exp()


@dataclass
class NLL(Analysis):
    """-log p(x) by importance sampling, Burda et al., 2015 (arXiv:1509.00519), image by image.

    Args:
        images: of the split, drawn by the seed.
        samples: codes drawn for each.
        shown: images at either end of the order, and samples of the model.
    """

    needs: ClassVar[tuple[type, ...]] = (Weighs, Samples)

    images: PositiveInt
    samples: PositiveInt
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """A cross-entropy of grey pixels is no likelihood."""
        require_images("nll", subjects)
        for subject in subjects:
            if not has_likelihood(subject.model):
                what = (
                    "grey pixels under a Bernoulli have a cross-entropy, not a likelihood: no number could be compared"
                )
                remedy = "Give a run with data.binarize=dynamic, or another model.likelihood: docs/likelihoods.md"
                raise ConfigError([Problem("what=nll", what, remedy)])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row an image. Further: ``nll_by_samples``. Picture: histogram, curve, best and worst images, samples."""
        (subject,) = subjects
        found = weighed(subject, self.images, self.samples)
        nll, bound = found.nll(self.samples), found.negative_elbo
        table = by_samples(found)
        lines = said(subject, nll, bound, self.samples), said_of_ends(found, nll)
        page = self.page(subject, found, table, lines)
        each = zip(found.index.tolist(), nll.tolist(), bound.tolist(), found.effective.tolist(), strict=True)
        rows = [{"index": i, "nll": x, "neg_elbo": y, "ess": n} for i, x, y, n in each]
        mean, error = mean_and_error(nll)
        metrics = {"nll": mean, "nll_se": error, "neg_elbo": float(bound.mean())}
        metrics["nll_ess"] = float(found.effective.mean())
        if is_mass(subject.model):
            metrics["nll_bpd"] = mean / math.prod(found.image.shape[1:]) / math.log(2)
        named_metrics = {f"{subject.split}/{name}": value for name, value in metrics.items()}
        counts = dict.fromkeys(named_metrics, len(nll))
        return Findings(list(rows), page, lines, named_metrics, counts, tables={"nll_by_samples": list(table)})

    def page(
        self, subject: Subject, found: Weighed, table: Sequence[Mapping[str, float]], lines: Sequence[str]
    ) -> Tensor:
        """The page, [3, H, W] in [0, 1]."""
        made, (left, right) = row(HIGH, 1.5, 1)
        histogram(left, found.nll(self.samples), found.negative_elbo)
        curve(right, table, float(found.negative_elbo.mean()))
        order = found.nll(self.samples).argsort()
        nll, few = found.nll(self.samples), min(self.shown, len(found.image))
        ends = {"most likely, nats below each": order[:few], "least likely": order.flip(0)[:few]}
        blocks = [
            Block(name, [(cell(found.image[i]), f"{float(nll[i]):.1f}") for i in places], few, SIDE)
            for name, places in ends.items()
        ]
        made_up = torch.cat([*drawn(subject, few)]).cpu()
        blocks.append(
            Block(
                "samples of the model: mean images of z from its prior", [(cell(one), "") for one in made_up], few, SIDE
            )
        )
        return composed(f"Likelihood: {subject.title}", lines, [made], [sheet("Images by their likelihood", *blocks)])


def weighed(subject: Subject, count: int, samples: int) -> Weighed:
    """Weights of images of the split; their noise is a matter of model, image and sample alone."""
    sampler, model, rows = ImportanceSampler(samples), subject.model, []
    with progress("importance sampling", count, unit="images", announced=f"{samples:,} samples of each") as advance:
        for batch in subject.held_out(subject.split, count):
            one: Any = batch
            x = one.image.to(model.weight_dtype)
            rows.append(
                (x.cpu(), one.index.cpu(), one.label, sampler.log_weights(model, x, one.index, one.label).cpu())
            )
            advance(len(x))
    image, index, label, log_w = zip(*rows, strict=True)
    kept = None if label[0] is None else torch.cat(label).cpu()
    return Weighed(torch.cat(image).float(), torch.cat(index), kept, torch.cat(log_w))


def by_samples(found: Weighed) -> list[Mapping[str, float]]:
    """The mean -log p(x) by 1, 2, 5, 10, … samples, and its standard error over images."""
    most = found.log_w.shape[1]
    numbers = sorted({*(n for n in (k * 10**e for e in range(6) for k in (1, 2, 5)) if n < most), most})
    return [{"samples": n} | dict(zip(("nll", "nll_se"), mean_and_error(found.nll(n)), strict=True)) for n in numbers]


def histogram(axes: Axes, nll: Tensor, bound: Tensor) -> None:
    """Nats an image: -log p(x), and -ELBO behind it."""
    bins = np.histogram_bin_edges(torch.cat([nll, bound]).numpy(), BINS).tolist()
    axes.hist(bound.numpy(), bins, color=BLUE, alpha=0.3, label=f"−ELBO, {float(bound.mean()):.1f} on average")
    axes.hist(nll.numpy(), bins, color=RED, alpha=0.75, label=f"−log p(x), {float(nll.mean()):.1f} on average")
    axes.axvline(float(nll.mean()), color=INK, lw=1, ls="--")
    named(axes, "nats an image", "images", "How likely each image is")
    legend(axes)


def curve(axes: Axes, table: Sequence[Mapping[str, float]], bound: float) -> None:
    """Mean -log p(x) over the samples of an image."""
    x, y = ([point[name] for point in table] for name in ("samples", "nll"))
    axes.plot(x, y, ".-", color=RED, label="−log p(x)")
    axes.axhline(bound, color=BLUE, lw=1.2, ls="--", label="−ELBO")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(which="minor", length=0, colors=FAINT)
    named(axes, "samples of each image", "nats an image, mean", "The bound tightens with the samples")
    legend(axes)


def said(subject: Subject, nll: Tensor, bound: Tensor, samples: int) -> str:
    """The first line."""
    mean, error = mean_and_error(nll)
    unit = "" if is_mass(subject.model) else " (of a density: not comparable with numbers of black and white pixels)"
    gap = float((bound - nll).mean())
    return (
        f"-log p(x) is {mean:.2f} ± {error:.2f} nats an image{unit}, by {samples:,} samples of each of {len(nll):,} "
        f"{subject.split} images; the ELBO is {gap:.2f} nats below log p(x)"
    )


def said_of_ends(found: Weighed, nll: Tensor) -> str:
    """The second line."""
    low, high = float(nll.min()), float(nll.max())
    worst = int((found.effective < 2).sum())
    told = f"the likeliest image has {low:.1f} nats, the least likely {high:.1f}; effective sample size "
    told += f"{float(found.effective.mean()):.0f} on average"
    return told + (f", below 2 for {worst} images, whose likelihood is least sure" if worst else "")
