"""``what=disentanglement``: which latent tells which factor of a set with known factors; of several runs, over beta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.factors.measured import Measured, measure
from genlab.analysis.factors.picture import in_words, picture
from genlab.config.types import TreePredictor
from genlab.config.what_is_analyzed import LooksAt
from genlab.console import progress
from genlab.contracts import ConfigError, Encodes, Problem

CodeCount = Annotated[int, Field(ge=100)]  # fewer say nothing


@dataclass
class Disentanglement(Analysis):
    """Mutual information of latents and factors, MIG, SAP and DCI, of one run or of several.

    Args:
        train_codes: of training images, to learn from, at most.
        test_codes: of the split, to test on, at most.
        predictor: what DCI predicts a factor with; null: without DCI.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Encodes,)

    train_codes: CodeCount
    test_codes: CodeCount
    predictor: TreePredictor | None

    def refuse(self, *subjects: Subject) -> None:
        """Factors are whole numbers that a set knows, and of one set where several runs are compared."""
        require_images("disentanglement", subjects)
        for subject in subjects:
            spec = subject.loaded.spec
            if not spec.attributes or 0 in spec.levels:
                what = f"{spec.name} has no known factors to compare latents with"
                raise ConfigError([Problem("what=disentanglement", what, "Give a run on a set that has: data=shapes")])
            if spec.attributes != subjects[0].loaded.spec.attributes:
                what = (
                    f"{subject.name} was trained on {spec.name}, {subjects[0].name} on {subjects[0].loaded.spec.name}"
                )
                raise ConfigError([Problem("ckpt", what, "Give runs on one set")])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row a run and latent. Further: ``numbers``, a row a run."""
        found = []
        with progress("measuring", len(subjects), unit="runs", announced=f"{len(subjects)} runs") as advance:
            for subject in subjects:
                found.append(measure(subject, self.train_codes, self.test_codes, self.predictor))
                advance()
        split, count = subjects[0].split, min(self.test_codes, subjects[0].prepared.spec.sizes[subjects[0].split])
        lines = said(found), self.said_of_codes(subjects[0], count)
        title = subjects[0].title if len(subjects) == 1 else f"{len(subjects)} runs on {subjects[0].prepared.spec.name}"
        page = picture(f"Disentanglement: {title}", lines, found)
        means = {name: float(np.mean([one.numbers[name] for one in found])) for name in found[0].numbers}
        metrics = {f"{split}/{name}": value for name, value in means.items()} if len(found) == 1 else {}
        numbers: list[Mapping[str, Any]] = [{"run": one.name, "beta": one.beta} | one.numbers for one in found]
        rows = [row for one in found for row in rows_of(one)]
        return Findings(rows, page, lines, metrics, dict.fromkeys(metrics, count), tables={"numbers": numbers})

    def said_of_codes(self, subject: Subject, count: int) -> str:
        """The second line."""
        learned = min(self.train_codes, subject.prepared.spec.sizes["train"])
        how = f", DCI by a {self.predictor}" if self.predictor else ""
        return f"means of q(z|x); learned from {learned:,} training codes, tested on {count:,} of {subject.split}{how}"


def rows_of(one: Measured) -> list[Mapping[str, Any]]:
    """A row a latent: its spread, and the share of each factor's entropy that it tells."""
    return [
        {"run": one.name, "latent": j, "standard_deviation": float(one.spread[j])}
        | {name: float(one.shared[j, k]) for k, name in enumerate(one.factors)}
        for j in range(len(one.shared))
    ]


def said(found: Sequence[Measured]) -> str:
    """The first line: which latent stands for which factor; of several runs, the best by MIG."""
    best = max(found, key=lambda one: one.numbers["mig_hist20"])
    numbers = ", ".join(f"{in_words(name)} {value:.3f}" for name, value in best.numbers.items())
    if len(found) > 1:
        beta = "" if best.beta is None else f" (beta {best.beta:g})"
        return f"of {len(found)} runs, {best.name}{beta} has the highest MIG: {numbers}"
    parts = [
        f"{name} by latent {int(best.shared[:, k].argmax())} ({100 * best.shared[:, k].max():.0f} %)"
        for k, name in enumerate(best.factors)
    ]
    return f"{'; '.join(parts)}, of the factor's entropy; {numbers}"
