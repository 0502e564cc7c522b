"""``what=traverse_report``: the dimensions of a code, the most telling first: what moves with each, how much, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.traversals.ranked import ACTIVE, Dimension, correlated, dimension, ends, row, weights
from genlab.analysis.traversals.report import report
from genlab.config.types import AtLeastTwo, PositiveFloat, PositiveInt
from genlab.console import progress
from genlab.contracts import DataSpec, Decodes, Encodes

UNITS = {"kl": "KL, nats", "standard_deviation": "spread of the code"}


@dataclass
class TraverseReport(Analysis):
    """Every dimension of a code changed by itself, ranked by its KL, or by the spread of codes that have none.

    Args:
        images: of the split, from whose codes the ranking is.
        traversed: of these, by which it is measured what moves; the first is shown.
        dimensions: in the picture, at most; the table has all.
        reach: of a traversal, in standard deviations of the prior, or of the codes of a model without one.
        steps: images of a traversal.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes, Decodes)

    images: AtLeastTwo
    traversed: PositiveInt
    dimensions: PositiveInt
    reach: PositiveFloat
    steps: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Points have no pixels that move."""
        require_images("traverse_report", subjects)

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row a dimension, the most telling first. Picture: a row each."""
        (subject,) = subjects
        own = encoded(subject, self.images)
        weight, by = weights(subject, own)
        found = self.dimensions_of(subject, own, weight, by)
        active = int((own.mean.var(0) > ACTIVE).sum())
        lines = said(found, by, len(weight), active), self.said_of_reach(by, subject.split)
        values = torch.linspace(-self.reach, self.reach, self.steps).tolist()
        page = report(f"Traversals: {subject.title}", lines, found[: self.dimensions], values, UNITS[by])
        metrics = {f"{subject.split}/active_dimensions": float(active)}
        if by == "kl":
            metrics[f"{subject.split}/kl"] = float(weight.sum())
        rows: list[Mapping[str, Any]] = [{"rank": i} | row(one, by) for i, one in enumerate(found)]
        return Findings(rows, page, lines, metrics, dict.fromkeys(metrics, len(own.mean)))

    def dimensions_of(self, subject: Subject, own: Encoded, weight: Tensor, by: str) -> list[Dimension]:
        """All of them, the most telling first."""
        few = own.first(self.traversed)
        values, told = ends(own, by, self.reach, self.steps), labels(own, subject.prepared.spec)
        found = []
        with progress("traversing", len(weight), unit="dimensions", announced="") as advance:
            for j in weight.argsort(descending=True, stable=True).tolist():
                one = dimension(subject, few, j, float(weight[j]), values[j], told[j])
                found.append(replace(one, spread=float(own.mean[:, j].std())))
                advance()
        return found

    def said_of_reach(self, by: str, split: str) -> str:
        """The second line."""
        of = "the prior" if by == "kl" else "the codes"
        return (
            f"each row: one {split} image, one dimension from -{self.reach:g} to {self.reach:g} standard deviations of {of}; "
            f"bars rank by {UNITS[by]}; 'moves' is the root mean square change of a pixel between the ends, over "
            f"{self.traversed} images"
        )


def labels(own: Encoded, spec: DataSpec) -> list[tuple[str, float] | None]:
    """What goes with each dimension: an attribute, or one of the classes; of a set without labels None."""
    if own.label is None:
        return [None] * own.mean.shape[1]
    if spec.classes:
        names = list(spec.class_names) or [str(k) for k in range(spec.classes)]
        return correlated(own.mean, own.label[:, None] == torch.arange(spec.classes), names)
    return correlated(own.mean, own.label, list(spec.attributes))


def said(found: Sequence[Dimension], by: str, size: int, active: int) -> str:
    """The first line."""
    first = found[0]
    mover = max(found, key=lambda one: one.moved)
    told = f" (goes with {first.told[0].replace('_', ' ')}, correlation {first.told[1]:+.2f})" if first.told else ""
    share = sum(one.weight for one in found[:3]) / max(sum(one.weight for one in found), 1e-12)
    most = f"{first.weight:.2f} nats" if by == "kl" else f"a spread of {first.weight:.2f}"
    return (
        f"{active} of {size} dimensions say something; dimension {first.number} says most, {most}{told}; "
        f"the first three have {100 * share:.0f} % of all; dimension {mover.number} moves most, {100 * mover.moved:.1f} % of "
        "the range"
    )
