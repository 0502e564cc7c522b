"""The dimensions of a code in the order of what they tell, and what of an image moves with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.analysis.base.encoded import Encoded, decoded
from genlab.analysis.base.subject import Subject
from genlab.analysis.traversals.sheet import varied
from genlab.metrics.aggregate_posterior import Posteriors

ACTIVE = 0.01  # variance of a dimension's codes, above which it says something: Burda et al., 2015 (arXiv:1509.00519)


@dataclass(frozen=True)
class Dimension:
    """One dimension of a code.

    Args:
        number: from 0.
        weight: mean KL(q(z_j|x) || p(z_j)) in nats; of a code without it, the standard deviation.
        spread: standard deviation of the code over images.
        moved: root mean square change of a pixel from one end of the traversal to the other, the mean over images.
        where: that change for each pixel, [H, W].
        images: one image's traversal, [T, C, H, W].
        told: the label that goes with it most, and its correlation; None of a set without labels.
    """

    number: int
    weight: float
    spread: float
    moved: float
    where: Tensor
    images: Tensor
    told: tuple[str, float] | None


def weights(subject: Subject, own: Encoded) -> tuple[Tensor, str]:
    """What a dimension is ranked by, [D], and its name: ``kl`` where q(z|x) is one Gaussian and the prior N(0, I)."""
    if own.logvar is not None and getattr(subject.model.prior, "standard_normal", False):
        return Posteriors(own.mean, own.logvar).kl_by_dimension(), "kl"
    return own.mean.std(0), "standard_deviation"


def ends(own: Encoded, by: str, reach: float, steps: int) -> Tensor:
    """The values that each dimension takes, [D, T]: ``reach`` deviations of the prior, or of the codes around their mean."""
    far = torch.linspace(-reach, reach, steps)
    if by == "kl":
        return far.expand(own.mean.shape[1], steps)
    return own.mean.mean(0)[:, None] + own.mean.std(0)[:, None] * far


def dimension(
    subject: Subject, own: Encoded, number: int, weight: float, values: Tensor, told: tuple[str, float] | None
) -> Dimension:
    """What moves with it. ``own``: images that are traversed, the first is shown; ``values``: that it takes, [T]."""
    shown = decoded(subject, varied(own.mean[0], number, values), same_label(own, 0, len(values)))
    change = []
    for i, code in enumerate(own.mean):
        low, high = decoded(subject, varied(code, number, values[[0, -1]]), same_label(own, i, 2))
        change.append((high - low).square().mean(0))  # [H, W]
    where = torch.stack(change).mean(0).sqrt()
    moved = torch.stack(change).flatten(1).mean(1).sqrt().mean()
    return Dimension(number, weight, float(own.mean[:, number].std()), float(moved), where, shown, told)


def same_label(own: Encoded, i: int, count: int) -> Tensor | None:
    """The label of image i, ``count`` times."""
    return None if own.label is None else own.label[i].expand(count, *own.label.shape[1:])


def correlated(codes: Tensor, has: Tensor, names: list[str]) -> list[tuple[str, float] | None]:
    """For each dimension the label with the largest correlation, and that. [N, D], [N, A]."""
    if not names:
        return [None] * codes.shape[1]
    x, y = (one.double() - one.double().mean(0) for one in (codes, has))
    lengths = x.norm(dim=0)[:, None] * y.norm(dim=0)
    table = (x.T @ y) / lengths.clamp_min(1e-12)
    best = table.abs().argmax(1)
    return [(names[k], float(table[j, k])) for j, k in enumerate(best.tolist())]


def row(one: Dimension, by: str) -> dict[str, Any]:
    """Of the table: number, weight, spread, what moves and where its middle is, in shares of height and width."""
    total = one.where.sum().clamp_min(1e-12)
    down, across = (
        float((one.where.sum(axis) / total * torch.linspace(0, 1, one.where.shape[1 - axis])).sum()) for axis in (1, 0)
    )
    name, correlation = one.told or (None, None)
    return {"dimension": one.number, by: one.weight, "spread": one.spread, "moved": one.moved} | {
        "down": down,
        "across": across,
        "label": name,
        "correlation": correlation,
    }
