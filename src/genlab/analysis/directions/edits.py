"""Images moved along directions in their code, and what a judge sees change: what was meant, and what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from genlab.analysis.base.encoded import Encoded, decoded
from genlab.analysis.base.subject import Subject
from genlab.metrics.importance_sampling import mean_and_error

Row = dict[str, Any]


def edited(subject: Subject, own: Encoded, direction: Tensor, strength: float, details: bool) -> Tensor:
    """Images decoded from their codes, moved ``strength`` times along a direction [D]. -> [N, C, H, W] in [0, 1].

    ``details``: what the code of an image leaves out is added again, so that with strength 0 it is the image itself.
    """
    moved = decoded(subject, own.mean + strength * direction, own.label)
    return (moved + left_out(subject, own)).clamp(0, 1) if details else moved


def left_out(subject: Subject, own: Encoded) -> Tensor:
    """Each image less what its code is decoded to, [N, C, H, W]."""
    return own.x - decoded(subject, own.mean, own.label)


def changes(
    subject: Subject,
    own: Encoded,
    directions: Tensor,
    names: Sequence[str],
    strengths: Sequence[float],
    judge: Callable[[Tensor], Tensor],
    details: bool,
) -> list[Row]:
    """How much the probability of each attribute changes from strength 0, for each direction [A, D] and strength.

    A row of each attribute that is moved, strength, and attribute that is judged: ``before`` and ``after``, mean
    probabilities; ``change``, their difference, with its standard error over images; ``moved``, the mean of its size.
    """
    before = judge(edited(subject, own, directions[0], 0.0, details))
    rows = []
    for name, direction in zip(names, directions, strict=True):
        for strength in strengths:
            after = judge(edited(subject, own, direction, strength, details))
            rows += [
                {"edited": name, "strength": strength, "judged": other} | change(before[:, j], after[:, j])
                for j, other in enumerate(names)
            ]
    return rows


def change(before: Tensor, after: Tensor) -> Row:
    """The numbers of one attribute, [N] probabilities each."""
    mean, error = mean_and_error(after - before)
    size = float((after - before).abs().mean())
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "change": mean,
        "change_se": error,
        "moved": size,
    }


def matrix(rows: Sequence[Row], names: Sequence[str], strength: float) -> Tensor:
    """The changes at one strength, [edited, judged]."""
    found = {(row["edited"], row["judged"]): row["change"] for row in rows if row["strength"] == strength}
    return torch.tensor([[found[one, other] for other in names] for one in names])


def off_target(rows: Sequence[Row], names: Sequence[str], strength: float) -> list[Row]:
    """A row of each attribute that is moved: the change of it and of every other, and the largest of the others."""
    table = []
    for name, changed in zip(names, matrix(rows, names, strength).tolist(), strict=True):
        others = {other: value for other, value in zip(names, changed, strict=True) if other != name}
        worst = max(others, key=lambda other: abs(others[other]), default=None)
        row = {"edited": name, "strength": strength, "change": changed[list(names).index(name)]}
        row |= {"largest_other": worst, "its_change": None if worst is None else others[worst]}
        table.append(row | dict(zip(names, changed, strict=True)))
    return table
