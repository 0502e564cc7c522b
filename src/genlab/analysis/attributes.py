"""``what=attributes``: directions in a code that raise a smile, what else they change, and edited images."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.labels import require_labels, told
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.directions.edits import Row, changes, edited, off_target
from genlab.analysis.directions.found import cleared, logistic, mean_difference
from genlab.analysis.directions.judge import Judge, require_judge
from genlab.analysis.directions.picture import in_words, picture
from genlab.config.types import NonNegativeFloat, PositiveInt
from genlab.contracts import ConfigError, Decodes, Encodes, Problem
from genlab.models.base.labels import needs_labels

FEWEST = 10  # training images with an attribute, and without it, from which a direction is made
Method = Literal["mean_difference", "logistic"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass
class Attributes(Analysis):
    """Directions of labels in a code, edits along them, and how much every attribute's probability changes.

    Args:
        attributes: that are moved, and judged; of a set of classes, names of classes. The first is what the lines speak of.
        method: whose directions are shown and kept; the other's are in the table.
        cleared: a direction leaves alone what the directions of the other ``attributes`` tell.
        strengths: of the edits; 1 is from the mean code of those without to the mean code of those with the attribute.
        details: what an image's code leaves out of it is added to its edits.
        decay: of the weights of the logistic regression.
        images: training images that the directions are made from, at most.
        judged: images of the split that are edited and judged, at most.
        shown: of them in the picture.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes, Decodes)

    attributes: list[str]
    method: Method
    cleared: bool
    strengths: list[float]
    details: bool
    decay: NonNegativeFloat
    images: PositiveInt
    judged: PositiveInt
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Labels that are true or not, a classifier that can learn them, and codes that a label does not help to decode."""
        require_images("attributes", subjects)
        for subject in subjects:
            names = require_labels(subject, "attributes")
            require_judge(subject, "attributes")
            self.require_known(names, subject.loaded.spec.name)
            if needs_labels(subject.model):
                what = f"{type(subject.model).__name__} is told the labels: its codes need not know them"
                raise ConfigError([Problem("what=attributes", what, "Give a run without labels: model=vae")])

    def require_known(self, names: Sequence[str], of: str) -> None:
        """Raises ConfigError if there is no such attribute, or none is given."""
        if not self.attributes:
            raise ConfigError(
                [Problem("what.attributes", "at least one is needed", f"Type: what.attributes=[{names[0]}]")]
            )
        for name in self.attributes:
            if name not in names:
                like = difflib.get_close_matches(name, names, 1)
                remedy = f"Did you mean {like[0]}?" if like else f"There are: {', '.join(names)}"
                raise ConfigError([Problem(f"what.attributes={name}", f"{of} has no such attribute", remedy)])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: changes by method, attribute, strength. Further: ``off_target``. Files: ``directions.npz``."""
        (subject,) = subjects
        known = self.known(subject)
        places = [known.names.index(name) for name in self.attributes]
        every = {method: self.directions(known, places, method) for method in METHODS}
        own, judge = encoded(subject, self.judged), Judge(subject)
        in_set = [require_labels(subject, "attributes").index(name) for name in self.attributes]
        rows = [
            {"method": method} | row
            for method in METHODS
            for row in changes(
                subject,
                own,
                every[method][places],
                self.attributes,
                self.strengths,
                lambda x: judge(x)[:, in_set],
                self.details,
            )
        ]
        table = {method: self.off_target(rows, method) for method in METHODS}
        lines = said(table, self.method, len(own.mean), subject.split), self.said_of_judge(judge, known)
        shown = [row for row in rows if row["method"] == self.method]
        strips = self.strips(subject, own, every[self.method][places])
        page = picture(f"Attributes: {subject.title}", lines, shown, self.attributes, max(self.strengths), strips)
        metrics = {f"{subject.split}/{name}": value for name, value in numbers(table[self.method]).items()}
        files = {"directions.npz": as_file(known.names, every, self.method)}
        beside: list[Mapping[str, Any]] = [{"method": method} | row for method in METHODS for row in table[method]]
        counts = dict.fromkeys(metrics, len(own.mean))
        return Findings(list(rows), page, lines, metrics, counts, files, {"off_target": beside})

    def known(self, subject: Subject) -> Known:
        """Codes of training images, and what is true of them: attributes with enough images of both kinds.

        Raises:
            ConfigError: one that is asked for has not.
        """
        names, train = require_labels(subject, "attributes"), encoded(subject, self.images, "train", images=False)
        assert train.label is not None  # or it was refused
        has = told(subject.prepared.spec, train.label)
        rarer = torch.minimum(has.sum(0), (~has).sum(0)).tolist()
        for name in self.attributes:
            if (few := rarer[names.index(name)]) < FEWEST:
                what = f"{few} of {len(has):,} training images have it, or lack it; a direction is made from {FEWEST}"
                raise ConfigError([Problem(f"what.attributes={name}", what, "Leave it out, or raise what.images")])
        kept = [k for k, few in enumerate(rarer) if few >= FEWEST]
        return Known([names[k] for k in kept], train.mean, has[:, kept])

    def directions(self, known: Known, places: Sequence[int], method: Method) -> Tensor:
        """Of every attribute, float64 [A, D]; those at ``places`` clear of each other, if so wished."""
        difference = mean_difference(known.codes, known.has)
        found = difference.clone() if method == "mean_difference" else logistic(known.codes, known.has, self.decay)
        if self.cleared:
            found[places] = cleared(found[places], difference[places])
        return found

    def off_target(self, rows: Sequence[Row], method: Method) -> list[Row]:
        """Of one method, at the greatest strength."""
        own = [row for row in rows if row["method"] == method]
        return off_target(own, self.attributes, max(self.strengths))

    def strips(self, subject: Subject, own: Encoded, moved: Tensor) -> Iterator[tuple[str, Tensor, list[str]]]:
        """For each attribute the first images, each in a row of strengths, 0 among them."""
        few = own.first(self.shown)
        steps = sorted({*self.strengths, 0.0})
        for name, direction in zip(self.attributes, moved, strict=True):
            made = [edited(subject, few, direction, strength, self.details) for strength in steps]
            yield (
                in_words(name),
                torch.stack(made, 1).flatten(0, 1),
                [f"{strength:+g}" if strength else "0" for strength in steps],
            )

    def said_of_judge(self, judge: Judge, known: Known) -> str:
        """The second line."""
        how = "directions clear of each other" if self.cleared else "directions as they are"
        what = "what a code leaves out is added to its edits" if self.details else "edits are what the model decodes"
        return (
            f"judged by a classifier that is right on {100 * judge.accuracy:.1f} % of the labels of test images; {how}, by "
            f"{in_words(self.method)}, from {len(known.codes):,} training images; {what}"
        )


@dataclass(frozen=True)
class Known:
    """Codes [N, D] of training images, and what is true of them, bool [N, A], by name."""

    names: list[str]
    codes: Tensor
    has: Tensor


def said(table: Mapping[Method, list[Row]], method: Method, count: int, split: str) -> str:
    """The first line: what the first attribute does, by both methods."""
    parts = []
    for name in sorted(table, key=lambda one: one != method):
        row = table[name][0]
        other = f", {in_words(row['largest_other'])} {row['its_change']:+.2f}" if row["largest_other"] else ""
        parts.append(f"by {in_words(name)} {row['change']:+.2f}{other}")
    first = table[method][0]
    return (
        f"{in_words(first['edited'])} raised by {first['strength']:g} on {count} {split} images: its probability and the most "
        f"changed other one, {'; '.join(parts)}"
    )


def numbers(table: Sequence[Row]) -> dict[str, float]:
    """``raised_<attribute>``, and ``off_target_<attribute>``, the largest change of another by it."""
    found = {f"raised_{row['edited']}": row["change"] for row in table}
    return found | {
        f"off_target_{row['edited']}": abs(row["its_change"]) for row in table if row["its_change"] is not None
    }


def as_file(names: Sequence[str], every: Mapping[Method, Tensor], method: Method) -> bytes:
    """An .npz: ``names`` [A], ``directions`` float32 [A, D] by ``method``, and those of each method by its own name."""
    file = io.BytesIO()
    own: dict[str, Any] = {name: found.float().numpy() for name, found in every.items()}
    np.savez(file, names=np.array(names), method=np.array(method), directions=own[method], **own)
    return file.getvalue()
