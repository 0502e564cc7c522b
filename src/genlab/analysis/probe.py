"""``what=probe``: what a linear classifier reads from codes, from raw pixels and from PCA, with few labels and many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.labels import require_labels, told
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.config.types import AtLeastTwo, PositiveFloat, PositiveInt
from genlab.console import progress
from genlab.contracts import ConfigError, Encodes, Problem, Split
from genlab.metrics.probe import probe_accuracy
from genlab.models.base.labels import needs_labels
from genlab.panels import BLUE, GREEN, RED, legend, named, panels
from genlab.random import keyed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CODES, PIXELS, PCA = "codes", "pixels", "pca"
LOOKS = {CODES: (RED, "o"), PCA: (GREEN, "^"), PIXELS: (BLUE, "s")}
Row = dict[str, Any]


@dataclass
class Probe(Analysis):
    """The accuracy on a split of a logistic regression fitted to few labelled training images, over several draws of them.

    Args:
        labels: how many, each in turn.
        all: all training images as well.
        draws: of the labelled images, for each number; of all there is one.
        attribute: that is told, of a set of attributes; null: the classes.
        c: how little large weights cost, of which the best is taken for each number of labels and kind of features.
        train_images: at most; ``val_images`` by which ``c`` is chosen, ``test_images`` of the split.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes,)

    labels: list[AtLeastTwo]
    all: bool
    draws: PositiveInt
    attribute: str | None
    c: list[PositiveFloat]
    train_images: PositiveInt
    val_images: PositiveInt
    test_images: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Something to tell, of a model that has not been told it."""
        require_images("probe", subjects)
        for subject in subjects:
            names, spec = require_labels(subject, "probe"), subject.loaded.spec
            if spec.classes == 0 and self.attribute not in names:
                what = f"{spec.name} has attributes: which of them is to be told?"
                raise ConfigError([Problem("what.attribute", what, f"Type: what.attribute={names[0]}")])
            if spec.classes and self.attribute is not None:
                what = f"{spec.name} has classes, and these are told"
                raise ConfigError([Problem(f"what.attribute={self.attribute}", what, "Leave it out.")])
            if needs_labels(subject.model):
                what = f"{type(subject.model).__name__} is told the labels, so its codes say little of them"
                remedy = "evaluate.py measures that: label_leak. Give a run without labels: model=vae"
                raise ConfigError([Problem("what=probe", what, remedy)])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each number of labels and kind of features. Picture: accuracy over labels, with error bars."""
        (subject,) = subjects
        other: Split = "val" if subject.split == "test" else "test"
        splits: tuple[tuple[Split, int], ...] = (
            ("train", self.train_images),
            (other, self.val_images),
            (subject.split, self.test_images),
        )
        every = [encoded(subject, most, split) for split, most in splits]
        label = Parts(*(self.told(subject, one) for one in every))
        codes, pixels = (
            Parts(*part) for part in zip(*((one.mean.float(), one.x.flatten(1)) for one in every), strict=True)
        )
        size, test = codes.test.shape[1], every[-1]
        features = {CODES: codes, PIXELS: pixels, PCA: principal(pixels, size)}
        rows = [*self.rows(subject.seed, features, label)]
        chance = float(torch.bincount(label.test).max()) / len(label.test)
        lines = said(rows, size, pixels.test.shape[1]), self.said_of_draws(len(test.mean), subject.split, chance)
        metrics = {f"{subject.split}/probe_{row['features']}_{row['labels']}": row["accuracy"] for row in rows}
        counts = dict.fromkeys(metrics, len(test.mean))
        page = picture(f"Linear probe: {subject.title}", lines, rows, chance, size)
        return Findings(list[Mapping[str, Any]](rows), page, lines, metrics, counts)

    def told(self, subject: Subject, own: Encoded) -> Tensor:
        """The classes, or whether the attribute is true. -> int64 [N]."""
        assert own.label is not None  # or it was refused
        if self.attribute is None:
            return own.label
        place = require_labels(subject, "probe").index(self.attribute)
        return told(subject.prepared.spec, own.label)[:, place].long()

    def rows(self, seed: int, features: Mapping[str, Parts], label: Parts) -> Iterator[Row]:
        """A row for each number of labels and kind of features."""
        there = len(label.train)
        numbers = [n for n in sorted(set(self.labels)) if n < there] + ([there] if self.all else [])
        chosen: dict[str, float] = {}
        with progress("fitting probes", len(numbers) * len(features), unit="probes", announced="") as advance:
            for number in numbers:
                draws = [*balanced(label.train, number, self.draws, seed)] if number < there else [torch.arange(there)]
                for name, parts in features.items():
                    if number < there or name not in chosen:  # of all images, a choice would take minutes
                        chosen[name] = self.best_c(parts, label, draws[0])
                    found = [accuracy(parts, label, few, "test", chosen[name]) for few in draws]
                    spread = float(np.std(found, ddof=1)) if len(found) > 1 else None
                    yield {"labels": number, "features": name, "accuracy": float(np.mean(found)), "spread": spread} | {
                        "draws": len(found),
                        "c": chosen[name],
                    }
                    advance()

    def best_c(self, parts: Parts, label: Parts, few: Tensor) -> float:
        """The C that is right most often on images that are neither trained nor tested on; of equals the smallest."""
        return max(sorted(self.c), key=lambda c: accuracy(parts, label, few, "choose", c))

    def said_of_draws(self, count: int, split: str, chance: float) -> str:
        """The second line."""
        return (
            f"logistic regression on {count:,} {split} images; mean and standard deviation of {self.draws} draws of the "
            f"labelled ones, evenly from every class; the largest class alone is {100 * chance:.1f} %"
        )


class Parts(NamedTuple):
    """Features or labels of the images that probes are fitted to, chosen by, and tested on."""

    train: Tensor
    choose: Tensor
    test: Tensor


def accuracy(parts: Parts, label: Parts, few: Tensor, on: Literal["choose", "test"], c: float) -> float:
    """How often a probe of ``few`` training images is right on the others: a share."""
    fitted = parts.train[few], label.train[few]
    return probe_accuracy(*fitted, getattr(parts, on), getattr(label, on), one_unit=True, c=c)


def balanced(label: Tensor, count: int, draws: int, seed: int) -> Iterator[Tensor]:
    """``count`` rows, as many of every class as can be, drawn ``draws`` times by the seed. int64 [N] -> [count] each."""
    classes = label.unique().tolist()
    for draw in range(draws):
        order = keyed(seed, "probe", count, draw).permutation(len(label))
        shuffled = label[torch.from_numpy(order)]
        # one of each class, then another of each
        turn = torch.zeros(len(label), dtype=torch.int64)
        for k in classes:
            own = (shuffled == k).nonzero().flatten()
            turn[own] = torch.arange(len(own)) * len(classes) + classes.index(k)
        yield torch.from_numpy(order)[turn.argsort(stable=True)[:count]]


def principal(pixels: Parts, size: int) -> Parts:
    """The ``size`` largest principal components of training pixels, of all parts: [N, P] each -> [N, D] each."""
    from sklearn.decomposition import PCA as Components

    found = Components(min(size, *pixels.train.shape), random_state=0).fit(pixels.train.numpy())
    return Parts(*(torch.from_numpy(found.transform(one.numpy())).float() for one in pixels))


def said(rows: Sequence[Row], size: int, pixels: int) -> str:
    """The first line: the fewest, a hundred or so, and the most labels."""
    numbers = sorted({row["labels"] for row in rows})
    middle = min(numbers, key=lambda n: abs(np.log(n / 100)))
    found = {(row["labels"], row["features"]): row["accuracy"] for row in rows}
    parts = [
        f"with {n:,} labels {100 * found[n, CODES]:.1f} % from codes, {100 * found[n, PIXELS]:.1f} % from pixels, "
        f"{100 * found[n, PCA]:.1f} % from PCA"
        for n in dict.fromkeys((numbers[0], middle, numbers[-1]))
    ]
    return f"{size} numbers of a code against {pixels:,} pixels and {size} principal components: {'; '.join(parts)}"


def picture(title: str, lines: Sequence[str], rows: Sequence[Row], chance: float, size: int) -> Figure:
    """Accuracy over the number of labels."""
    made, (axes,) = panels(title, lines, 1, size=(860, 420))
    names = {CODES: f"codes, {size} numbers", PIXELS: "raw pixels", PCA: f"PCA, {size} numbers"}
    for name, (colour, marker) in LOOKS.items():
        curve(axes, [row for row in rows if row["features"] == name], colour, marker, names[name])
    numbers = sorted({row["labels"] for row in rows})
    axes.set_xscale("log")
    axes.set_xticks(numbers, [f"{n:,}" for n in numbers])
    axes.minorticks_off()
    axes.axhline(100 * chance, color="#999999", lw=1, ls=":", label="the largest class alone")
    named(axes, "labelled training images", "% right")
    legend(axes, loc="lower right")
    return made


def curve(axes: Axes, rows: Sequence[Row], colour: str, marker: str, name: str) -> None:
    """One kind of features, with the standard deviation over draws."""
    bars = [100 * (row["spread"] or 0) for row in rows]
    x, y = [row["labels"] for row in rows], [100 * row["accuracy"] for row in rows]
    axes.errorbar(x, y, bars, color=colour, marker=marker, ms=5, capsize=3, lw=1.8, label=name)
