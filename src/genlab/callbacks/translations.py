"""Translations for metrics: features per batch, gathered from all ranks in the order of the split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from genlab.callbacks.recall import Fresh
from genlab.contracts import Kind, NonFiniteImages, Pairs, Translates
from genlab.metrics.extractors.extractor import Extractor
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
    """Translations of a batch in each direction, limited to the first ``most`` images of the split.

    Raises:
        NonFiniteImages: one is not a number.
    """
    made = []
    for way in WAYS["pairs" if isinstance(batch, Pairs) else "domains"]:
        x, index = getattr(batch, way.source), batch.index if way is PAIRED else getattr(batch, f"index_{way.source}")
        x, index = x[index < most], index[index < most]
        y = model.translate(x, way.direction) if len(x) else x  # a smaller domain is at its end before the other
        if len(x):
            require_finite(y, f"translations {way.direction} of the images {int(index.min())} to {int(index.max())}")
        made.append(Made(way, x.float(), y.float(), index))
    return made


def require_finite(images: Tensor, what: str) -> None:
    """Refuse generated images that hold NaN or infinite values, which rounding to grey levels would hide.

    Raises:
        NonFiniteImages: with how many they are.
    """
    if not bool(images.isfinite().all()):
        few = int((~images.isfinite()).flatten(1).any(1).sum())
        raise NonFiniteImages(f"{few} of {len(images)} generated images are not numbers ({what})")


class TranslationFeatures:
    """Features of translations, of the first images of the split."""

    def __init__(self, recall: Fresh) -> None:
        self.recall = recall
        self.wanted: dict[str, tuple[Extractor, int]] = {}
        self.parts: dict[tuple[str, Way], list[tuple[Tensor, Tensor]]] = {}  # by extractor: places and features
        self.found: dict[tuple[str, Way], Tensor] = {}

    def ask(self, extractor: Extractor, count: int) -> None:
        """Request features that ``of`` will return."""
        _, before = self.wanted.get(extractor.key, (extractor, 0))
        self.wanted[extractor.key] = extractor, max(before, count)

    def look(self, seen: Any, number: int) -> None:
        """Extract the features of the translations of batch ``number``."""
        for extractor, count in self.wanted.values():
            name = f"{extractor.key}-{extractor.digest}-{count}-{number}"
            found = self.recall.batch(name, partial(features_of, extractor, seen, count))
            for way in WAYS["pairs"] + WAYS["domains"]:
                if way.suffix in found:
                    self.parts.setdefault((extractor.key, way), []).append(found[way.suffix])

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
        return {way: x[:count] for (name, way), x in self.found.items() if name == extractor.key}


def features_of(extractor: Extractor, seen: Any, count: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Places in the split and features of a batch's translations among the first ``count``, by the direction's suffix."""
    first = [made.first(count) for made in seen.translations]
    return {made.way.suffix: (made.index.cpu(), extractor(made.y).cpu()) for made in first if len(made.index)}
