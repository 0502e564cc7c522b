"""Test pairs, and what each model makes of their inputs: errors against the targets, and a few pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.losses.distance import l1
from genlab.metrics.reconstruction import mse, psnr, ssim

Direction = Literal["AtoB", "BtoA"]
DIRECTIONS: tuple[Direction, ...] = ("AtoB", "BtoA")


@dataclass(frozen=True)
class TestPairs:
    """a, b [N, C, H, W] in [0, 1] on the CPU, the two sides of the same places."""

    a: Tensor
    b: Tensor

    def sides(self, direction: Direction) -> tuple[Tensor, Tensor]:
        """Input and target."""
        return (self.a, self.b) if direction == "AtoB" else (self.b, self.a)


@dataclass(frozen=True)
class Translated:
    """One row of the table, and the pictures of the first pairs, [n, C, H, W]."""

    name: str
    direction: Direction
    row: dict[str, Any]
    shown: Tensor


def test_pairs(subject: Subject, count: int) -> TestPairs:
    """At most ``count`` pairs of the subject's split, cut as in evaluation."""
    batches: list[Any] = list(subject.held_out(subject.split, count))
    return TestPairs(*(torch.cat([getattr(one, side).float().cpu() for one in batches]) for side in ("a", "b")))


def directions_of(subject: Subject) -> tuple[Direction, ...]:
    """Those that a run has learnt: from a to b of pairs, both ways between two domains."""
    return DIRECTIONS if subject.loaded.spec.kind == "domains" else DIRECTIONS[:1]


def translated(subject: Subject, name: str, pairs: TestPairs, shown: int) -> Iterator[Translated]:
    """What a run makes of the pairs, in each direction that it knows; with both, also what comes back."""
    for direction in directions_of(subject):
        x, y = pairs.sides(direction)
        made = pictures(subject, x, direction)
        row = {"run": name, "learnt_from": learnt_from(subject), "direction": direction, **errors(made, y)}
        if len(directions_of(subject)) > 1:
            back = pictures(subject, made, DIRECTIONS[1 - DIRECTIONS.index(direction)])
            row["cycle_l1"] = float(l1(back, x).mean())
        yield Translated(name, direction, row, made[:shown])


def learnt_from(subject: Subject) -> str:
    """``pairs`` or ``two domains``."""
    return "two domains" if subject.loaded.spec.kind == "domains" else "pairs"


def pictures(subject: Subject, x: Tensor, direction: Direction) -> Tensor:
    """Translations, one image at a time: some networks look at the statistics of their batch. [N, C, H, W] on the CPU."""
    parts = [subject.model.translate(one.to(subject.device), direction).float().cpu() for one in x.split(1)]
    return torch.cat(parts)


def errors(made: Tensor, y: Tensor) -> dict[str, float]:
    """Against the targets, means over the pairs, and the standard error of the first."""
    distance = l1(made, y).double()
    return {
        "l1": float(distance.mean()),
        "l1_se": float(distance.std()) / math.sqrt(len(distance)) if len(distance) > 1 else 0.0,
        "mse": float(mse(made, y).mean()),
        "psnr": float(psnr(made, y).mean()),
        "ssim": float(ssim(made, y).mean()),
    }


def baselines(pairs: TestPairs, directions: Sequence[Direction]) -> Iterator[dict[str, Any]]:
    """What a translation has to beat: the input as it is, and one colour for all, the median of the targets."""
    for direction in directions:
        x, y = pairs.sides(direction)
        if x.shape == y.shape:
            yield {"run": "the input as it is", "learnt_from": "nothing", "direction": direction, **errors(x, y)}
        median = y.transpose(0, 1).flatten(1).median(1).values  # [C]
        colour = median[None, :, None, None].expand_as(y)
        yield {"run": "one colour", "learnt_from": "nothing", "direction": direction, **errors(colour, y)}
