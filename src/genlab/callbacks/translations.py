"""Translations for metrics: features per batch, gathered from all ranks in the order of the split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.contracts import Kind, Pairs, Translates
from genlab.metrics.extractors.choose import Extractor
from genlab.models.base.distributed import gather_by_rank


@dataclass(frozen=True)
class Way:
    """How images are generated: direction, source column (empty: from noise) and target column.

    ``suffix`` is appended to metric names.
    """

    direction: Any
    source: str
    target: str
    suffix: str


SAMPLED = Way(None, "", "image", "")
PAIRED = Way("AtoB", "a", "b", "")  # the one way there is: no name need tell
THERE, BACK = Way("AtoB", "a", "b", "_AtoB"), Way("BtoA", "b", "a", "_BtoA")
# how images like those of a set can be generated
WAYS: dict[Kind, tuple[Way, ...]] = {"images": (SAMPLED,), "pairs": (PAIRED,), "domains": (THERE, BACK), "points": ()}


@dataclass(frozen=True)
class Made:
    """Translations of a batch: inputs and outputs, [B, C, H, W] in [0, 1], and the inputs' indices in the split."""

    way: Way
    x: Tensor
    y: Tensor
    index: Tensor

    def first(self, count: float) -> Made:
        """The translations of the first ``count`` images of the split."""
        kept = self.index < count
        return Made(self.way, self.x[kept], self.y[kept], self.index[kept])


def translations_of(model: Translates, batch: Any, most: float) -> list[Made]:
    """Translations of a batch in each direction, limited to the first ``most`` images of the split."""
    made = []
    for way in WAYS["pairs" if isinstance(batch, Pairs) else "domains"]:
        x, index = getattr(batch, way.source), batch.index if way is PAIRED else getattr(batch, f"index_{way.source}")
        x, index = x[index < most], index[index < most]
        y = model.translate(x, way.direction) if len(x) else x  # a smaller domain is at its end before the other
        made.append(Made(way, x.float(), y.float(), index))
    return made


class TranslationFeatures:
    """Features of translations, of the first images of the split."""

    def __init__(self) -> None:
        self.wanted: dict[str, tuple[Extractor, int]] = {}
        self.parts: dict[tuple[str, Way], list[tuple[Tensor, Tensor]]] = {}  # by extractor: places and features
        self.found: dict[tuple[str, Way], Tensor] = {}

    def ask(self, extractor: Extractor, count: int) -> None:
        """Request features that ``of`` will return."""
        _, before = self.wanted.get(extractor.name, (extractor, 0))
        self.wanted[extractor.name] = extractor, max(before, count)

    def look(self, seen: Any) -> None:
        """Extract the features of a batch's translations."""
        for extractor, count in self.wanted.values():
            for made in (made.first(count) for made in seen.translations):
                if len(made.index):
                    features = made.index.cpu(), extractor(made.y).cpu()
                    self.parts.setdefault((extractor.name, made.way), []).append(features)

    def gather(self) -> None:
        """Gather the features on rank 0 in the order of the split. A collective: every rank must call it."""
        if not self.wanted:
            return
        everyones = gather_by_rank(self.parts).values()
        for key in dict.fromkeys(key for each in everyones for key in each):
            index, features = zip(*(part for each in everyones for part in each.get(key, [])), strict=True)
            self.found[key] = torch.cat(features)[torch.cat(index).argsort()]

    def of(self, extractor: Extractor, count: int) -> dict[Way, Tensor]:
        """Features [N, d] on the CPU for each direction, N <= ``count``; empty on ranks other than 0."""
        return {way: x[:count] for (name, way), x in self.found.items() if name == extractor.name}
