"""``what=outliers``: how well a model's scores tell unusual images from usual ones, and which images it finds most unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.page import cell, composed, row, sheet
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import ConfigError, Problem, Reconstructs, Split
from genlab.data.store.binarize import as_evaluated
from genlab.data.store.columns import Crop, gather
from genlab.data.store.source import PreparedData
from genlab.figures import INK, Block
from genlab.images import from_uint8
from genlab.inference.kinds import Sets, class_number, require_unseen, usual_and_unusual
from genlab.inference.regret import LikelihoodRegret
from genlab.inference.scores import Numbers, ScoreName, Scorer, possible
from genlab.metrics.ranking import auroc, average_precision, false_positive_rate
from genlab.models.base.labels import for_model, needs_labels
from genlab.panels import BLUE, RED, legend, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGH, SIDE, BINS = 330, 84, 50
ENDS = (0.5, 99.5)  # per cent of the scores that a histogram shows
KINDS = ("usual", "unusual")


@dataclass
class Outliers(Analysis):
    """Scores of usual and unusual images; the unusual ones are of another set, or of a class that was held out of training.

    Args:
        against: another set, by the name of its file in ``conf/data``; null: ``held_out``.
        path: the folder of ``against`` where that is a set of own files.
        held_out: a class of the set, by its number or its name; null: ``against``.
        scores: by name, all of them higher = more unusual; those that the model cannot give are left out.
        score: whose histogram and most unusual images are shown; of those that the model cannot give, the first it can.
        images: of either kind at most.
        train_images: at most so many are looked at for scores that compare with training images.
        draws: codes drawn for each image, over which a score is averaged.
        regret: how ``likelihood_regret`` is found.
        shown: most unusual images of either kind.
    """

    needs: ClassVar[tuple[type, ...]] = (Reconstructs,)

    against: str | None
    path: str | None
    held_out: NonNegativeInt | str | None
    scores: list[ScoreName]
    score: ScoreName
    images: PositiveInt
    train_images: PositiveInt
    draws: PositiveInt
    regret: LikelihoodRegret
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Either another set, or a class that the model has not seen; and a score that it can give."""
        require_images("outliers", subjects)
        for subject in subjects:
            if (self.against is None) == (self.held_out is None):
                what = "needs outliers: another set, or a class that was held out of training"
                remedy = "Type: what.against=fashion_mnist, or what.held_out=3 of a run with data.class_shares={3: 0}"
                raise ConfigError([Problem("what=outliers", what, remedy)])
            if not (can := possible(subject.model)) & set(self.scores):
                what = f"{type(subject.model).__name__} can give none of {', '.join(self.scores)}"
                raise ConfigError([Problem("what.scores", what, f"Type: what.scores=[{','.join(sorted(can))}]")])
            if self.against is not None and needs_labels(subject.model):
                what = f"{type(subject.model).__name__} takes labels, and images of {self.against} have none of them"
                raise ConfigError([Problem(f"what.against={self.against}", what, "Hold a class out: docs/outliers.md")])
            if self.held_out is not None:
                number = class_number(self.held_out, subject.loaded.spec, "what.held_out")
                require_unseen(subject.prepared, number, f"what.held_out={self.held_out}")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row a score. Further: ``scores``, of every image. Picture: histogram, AUROCs, most unusual images."""
        (subject,) = subjects
        sets = self.sets(subject)
        found = self.found(subject, sets)
        rows = measured(found)
        score = self.score if self.score in found["usual"] else rows[0]["score"]
        what = self.against or f"class {self.held_out}"
        lines = said(rows, score, what, subject), said_of_counts(rows, sets, subject.split)
        page = self.page(subject, sets, found, rows, score, lines)
        metrics = {f"{subject.split}/{name}_{row['score']}": row[name] for row in rows for name in MEASURES}
        counts = {f"{subject.split}/{name}_{row['score']}": row["unusual"] for row in rows for name in MEASURES}
        return Findings(list(rows), page, lines, metrics, counts, tables={"scores": [*each(sets, found)]})

    def sets(self, subject: Subject) -> Sets:
        """The usual and the unusual images.

        Raises:
            ConfigError: there are not two of either kind.
        """
        second = subject.second() if self.against is not None and subject.second is not None else None
        number = None if second is not None else class_number(self.held_out, subject.loaded.spec, "what.held_out")
        found = usual_and_unusual(subject.prepared, subject.split, self.images, number, second)
        for kind, (_, rows) in found.items():
            if len(rows) < 2:
                what = f"{len(rows)} {kind} images in {subject.split}; at least 2 are needed"
                raise ConfigError([Problem("what=outliers", what, "Type: what.images=1000")])
        return found

    def found(self, subject: Subject, sets: Sets) -> dict[str, Numbers]:
        """The scores of either kind."""
        scorer = Scorer(subject.model, self.scores, self.draws, self.regret)
        _, train = usual_and_unusual(subject.prepared, "train", self.train_images, None, subject.prepared)["usual"]
        scorer.learn(subject.prepared, np.sort(train))
        return {
            kind: scorer.scores(prepared, self.split(subject, kind), rows, kind)
            for kind, (prepared, rows) in sets.items()
        }

    def split(self, subject: Subject, kind: str) -> Split:
        """In which the images of a kind are."""
        return "test" if self.against is not None and kind == "unusual" else subject.split

    def page(
        self,
        subject: Subject,
        sets: Sets,
        found: Mapping[str, Numbers],
        rows: Sequence[Mapping[str, Any]],
        score: str,
        lines: Sequence[str],
    ) -> Tensor:
        """The page, [3, H, W] in [0, 1]."""
        made, (left, right) = row(HIGH, 1.2, 1)
        histogram(left, found, score)
        bars(right, rows)
        blocks = []
        for kind, (prepared, places) in sets.items():
            values = found[kind][score]
            order = values.argsort(descending=True)[: self.shown]
            shown = images_at(subject, prepared, self.split(subject, kind), places[order.numpy()])
            label = labels_at(prepared, self.split(subject, kind), places[order.numpy()], subject)
            again = subject.model.reconstruct(shown.to(subject.device, subject.model.weight_dtype), **label).cpu()
            told = [f"{float(values[i]):.4g}" for i in order]
            title = f"{kind} images ({prepared.spec.name}) with the highest scores; below each its reconstruction"
            cells = [(cell(one), "") for one in shown] + [(cell(x), t) for x, t in zip(again, told, strict=True)]
            blocks.append(Block(title, cells, len(order), SIDE))
        return composed(f"Outliers: {subject.title}", lines, [made], [sheet(f"Most unusual by {score}", *blocks)])


MEASURES = {"auroc": auroc, "ap": average_precision, "fpr95": false_positive_rate}


def measured(found: Mapping[str, Numbers]) -> list[dict[str, Any]]:
    """A row a score, the highest AUROC first."""
    rows: list[dict[str, Any]] = []
    for score, usual in found["usual"].items():
        both = usual.numpy(), found["unusual"][score].numpy()
        numbers = {name: measure(*both) for name, measure in MEASURES.items()}
        rows.append({"score": score} | numbers | {kind: len(one) for kind, one in zip(KINDS, both, strict=True)})
    return sorted(rows, key=lambda row: -row["auroc"])


def each(sets: Sets, found: Mapping[str, Numbers]) -> Iterator[dict[str, Any]]:
    """A row an image: set, index, kind and scores; one that was not worked out is None."""
    for kind, (prepared, rows) in sets.items():
        for i, index in enumerate(rows.tolist()):
            values = {name: float(x[i]) if i < len(x) else None for name, x in found[kind].items()}
            yield {"set": prepared.spec.name, "index": index, "unusual": int(kind == "unusual")} | values


def images_at(subject: Subject, prepared: PreparedData, split: Split, rows: np.ndarray) -> Tensor:
    """Images of a set as the model sees them, [N, C, H, W] in [0, 1]."""
    crop = prepared.augmentation.crop
    image = torch.from_numpy(np.array(gather(prepared.columns[split]["image"], rows, Crop(crop) if crop else None)))
    return from_uint8(as_evaluated(prepared, image, torch.from_numpy(rows)))


def labels_at(prepared: PreparedData, split: Split, rows: np.ndarray, subject: Subject) -> dict[str, Tensor]:
    """The labels of images, as an argument of a model that needs them."""
    known = prepared.labels[split]
    return for_model(
        subject.model, None if known is None else torch.from_numpy(np.array(known[rows])).to(subject.device)
    )


def histogram(axes: Axes, found: Mapping[str, Numbers], score: str) -> None:
    """The scores of both kinds."""
    both = [found[kind][score].numpy() for kind in KINDS]
    low, high = np.percentile(np.concatenate(both), ENDS).tolist()
    bins = np.linspace(low, high, BINS).tolist()
    for values, colour, kind in zip(both, (BLUE, RED), KINDS, strict=True):
        axes.hist(np.clip(values, bins[0], bins[-1]), bins, color=colour, alpha=0.6, label=kind, density=True)
    axes.set_yticks([])
    named(axes, score.replace("_", " "), "share of images", "The further apart, the better told")
    legend(axes)


def bars(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """AUROC of each score; chance is a line."""
    places = range(len(rows))
    axes.barh(
        places, [row["auroc"] for row in rows], 0.62, color=[RED if r["auroc"] > 0.5 else "#bbbbbb" for r in rows]
    )
    for i, one in enumerate(rows):
        axes.text(one["auroc"] + 0.01, i, f"{one['auroc']:.3f}", va="center", size=8.5, color=INK)
    axes.axvline(0.5, color=INK, lw=1, ls=":", label="chance")
    axes.set_yticks(places, [row["score"].replace("_", " ") for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.14)
    axes.grid(visible=False, axis="y")
    named(axes, "AUROC", "", "Below a half it ranks the wrong way")
    legend(axes, loc="lower right")


def said(rows: Sequence[Mapping[str, Any]], score: str, what: str, subject: Subject) -> str:
    """The first line."""
    own = next(row for row in rows if row["score"] == score)
    best = rows[0]
    told = f"{what} among {subject.prepared.spec.name}: {score} has an AUROC of {own['auroc']:.3f}, and takes "
    told += f"{100 * own['fpr95']:.1f} % of usual images for unusual where it finds 95 % of the unusual ones"
    if best["score"] != score:
        told += f"; the highest AUROC is that of {best['score']}, {best['auroc']:.3f}"
    return told


def said_of_counts(rows: Sequence[Mapping[str, Any]], sets: Sets, split: str) -> str:
    """The second line."""
    counts = " and ".join(f"{len(places):,} {kind}" for kind, (_, places) in sets.items())
    wrong = [row["score"] for row in rows if row["auroc"] < 0.5]
    told = f"{counts} images of {split}; no score is turned round"
    return told + (f": {', '.join(wrong)} rank unusual images as more usual" if wrong else "")
