"""Translations that are measured: looked at batch by batch, gathered from every rank, in the order of the split."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from genlab.contracts import Domains, Pairs, Translates
from genlab.metrics.distances import Real, distances
from genlab.metrics.extractors.choose import Extractor
from genlab.metrics.symptoms import saturated
from genlab.models.base.distributed import gather_everywhere

FEW = 500  # translations up to which KID takes a fraction of a second, so that a validation can have it too


@dataclass(frozen=True)
class Way:
    """A direction of translation: from which column to which, and what follows a metric's name."""

    direction: Any
    source: str
    target: str
    suffix: str


THERE, BACK = Way("AtoB", "a", "b", "_AtoB"), Way("BtoA", "b", "a", "_BtoA")


@dataclass(frozen=True)
class Made:
    """Translations of a batch: inputs and outputs, [B, C, H, W] in [0, 1], and the places of the inputs in the split."""

    way: Way
    x: Tensor
    y: Tensor
    index: Tensor


def ways_of(batch: Any) -> list[tuple[Way, Tensor, Tensor]]:
    """How a batch can be translated, what of it, and the places. Pairs have one way, which no name need tell."""
    if isinstance(batch, Pairs):
        return [(Way("AtoB", "a", "b", ""), batch.a, batch.index)]
    if isinstance(batch, Domains):
        return [(THERE, batch.a, batch.index_a), (BACK, batch.b, batch.index_b)]
    return []


def made_of(model: Translates, batch: Any, most: int | None = None) -> list[Made]:
    """The translations of a batch, each way; only of the first ``most`` images of the split, where that is given."""
    made = []
    for way, x, index in ways_of(batch):
        if most is not None:
            kept = index < most
            x, index = x[kept], index[kept]
        y = model.translate(x, way.direction) if len(x) else x  # a smaller domain is at its end before the other
        made.append(Made(way, x.float(), y.float(), index))
    return made


@dataclass
class Collected:
    """Features of translations, by way: of the first ``most`` images of the split."""

    extractor: Extractor
    most: int
    parts: dict[Way, list[tuple[Tensor, Tensor]]] = field(default_factory=dict)

    def add(self, made: Made) -> None:
        """Look at the translations of a batch."""
        seen, wanted = self.parts.setdefault(made.way, []), made.index < self.most
        if wanted.any():
            seen.append((made.index[wanted].cpu(), self.extractor(made.y[wanted]).cpu()))

    def features(self) -> dict[Way, Tensor]:
        """[N, d] each: those of all ranks, in the order of the split."""
        everyones = gather_everywhere([(way.direction, seen) for way, seen in self.parts.items()])
        found = {}
        for way in self.parts:
            seen = [part for each in everyones for name, s in each if name == way.direction for part in s]
            order = torch.cat([index for index, _ in seen]).argsort()
            found[way] = torch.cat([features for _, features in seen])[order]
        return found


def compared(features: dict[Way, Tensor], real: dict[str, Real], extractor: Extractor, kid: bool) -> dict[str, float]:
    """FID and KID each way against the real images of the target; the mean over two ways; ``target_rate``.

    ``target_rate_before`` is the share of the inputs themselves that the classifier takes for the target: its mistakes.
    """
    values: dict[str, float] = {}
    for way, fake in features.items():
        values |= distances(real[way.target], fake, extractor.name, way.suffix, kid)
    if len(features) > 1:
        values |= means(values, sum(map(len, features.values())), extractor.name)
    if extractor.head is not None:
        for way, fake in features.items():
            goal = "ab".index(way.target)
            values[f"target_rate{way.suffix}"] = extractor.share_of(goal, fake)
            values[f"target_rate_before{way.suffix}"] = extractor.share_of(goal, real[way.source].features[: len(fake)])
    return values


def means(values: dict[str, float], count: int, extractor: str) -> dict[str, float]:
    """``fid_<extractor>_<count>_mean``, and so of KID: the mean over both directions, which one number is best by."""
    found = {}
    for metric in ("fid", "kid"):
        each = [value for name, value in values.items() if name.startswith(f"{metric}_")]
        if each:
            found[f"{metric}_{extractor}_{count}_mean"] = sum(each) / len(each)
    return found


def symptoms(batch: Pairs | Domains, made: list[Made]) -> dict[str, Tensor]:
    """What alarms go by, [B] each: ``change`` and ``saturated`` of translations; of the real images what to compare with.

    ``distance_ab`` is |a - b|: of a pair its own distance, of two domains that of images which have nothing in common.
    """
    a, b = batch.a.float(), batch.b.float()
    few = min(len(a), len(b))
    terms = {"distance_ab": (a[:few] - b[:few]).abs().flatten(1).mean(1)}
    for one in made:
        terms[f"change{one.way.suffix}"] = (one.y - one.x).abs().flatten(1).mean(1)
        terms[f"saturated{one.way.suffix}"] = saturated(one.y)
        terms[f"saturated_{one.way.target}"] = saturated({"a": a, "b": b}[one.way.target])
    return terms
