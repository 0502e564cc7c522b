"""Features of images that do not change, computed once and kept on disk: of the real ones of a set, first of all."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Scale, Split
from genlab.data.store.columns import Column, Crop, Ragged, gather
from genlab.data.store.order import repeated
from genlab.data.store.scale import unit
from genlab.data.store.source import PreparedData
from genlab.files import cached, ensure, key_of
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.kept import NOT_KEPT, Kept, libraries
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.moments import Moments

VERSION = 2  # part of every key: raise it when an extractor looks at images in another way
CHUNK_BYTES = 64 << 20  # as floats: at most 250 images


class KeptFeatures(FeatureSet):
    """Features and their moments in files of the cache; computed where they are missing.

    Args:
        path: the file; its name has a key of everything that the features depend on, and begins with ``real-``.
        extractor: what makes them.
    """

    extractor: Extractor

    def __init__(self, path: Path, extractor: Extractor) -> None:
        self.path, self.extractor, self.pieces = path, extractor, Kept(path.with_suffix(""))
        self.at_hand: dict[torch.device, Moments] = {}

    @abstractmethod
    def make(self) -> dict[str, Any]:
        """Compute what is kept: ``features`` [N, d], and further facts. Batches go through ``pieces``."""

    def ensure(self) -> None:
        """Compute the features into the cache if missing; one process computes while the others wait.

        What a process that was killed has left of them is taken.
        """
        ensure(self.path, self.make)
        self.pieces.drop()

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What the file has."""
        self.ensure()
        found: dict[str, Any] = cached(self.path, self.make, self.are_features)
        return found

    @property
    def features(self) -> Tensor:
        """[N, d] on the CPU."""
        found: Tensor = self.kept["features"]
        return found

    def are_features(self, value: Any) -> bool:
        """Whether a kept value has the shape of these features."""
        features = value.get("features") if isinstance(value, dict) else None
        return isinstance(features, Tensor) and features.ndim == 2 and features.shape[1] == self.extractor.num_features

    def moments(self, device: torch.device) -> Moments:
        """Moments with the root of the covariance (seconds for 2,048 features), kept next to the features."""
        if device not in self.at_hand:
            path = self.path.with_name(f"moments-{self.path.name.removeprefix('real-')}")
            plain = cached(path, lambda: Moments.of(self.features).plain(), self.are_moments)
            self.at_hand[device] = Moments.from_plain(plain, device)
        return self.at_hand[device]

    def are_moments(self, value: Any) -> bool:
        """Whether a kept value has the shapes of the moments."""
        d = self.extractor.num_features
        shapes = {"count": (), "total": (d,), "outer": (d, d), "root": (d, d)}
        return isinstance(value, dict) and {n: getattr(x, "shape", None) for n, x in value.items()} == shapes


class RealFeatures(KeptFeatures):
    """Features of every image of a split.

    Args:
        column: ``image``, or ``a`` or ``b`` in a set for translation; images are cropped as in evaluation.
        limit: only so many, chosen evenly at random, the same every time; None: all.
    """

    def __init__(
        self,
        prepared: PreparedData,
        split: Split,
        extractor: Extractor,
        cache_root: Path,
        column: str = "image",
        limit: int | None = None,
    ) -> None:
        spec, crop = prepared.spec, prepared.augmentation.evaluated
        self.images, self.cut = prepared.columns[split][column], Crop(crop) if crop else None
        self.chosen, self.scale = chosen(len(self.images), limit), spec.scale(column)
        facts = spec.digest, len(self.images), len(self.chosen), spec.shape, split, column, spec.note, crop
        key = key_of(VERSION, libraries(), *facts, extractor.digest)
        super().__init__(cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt", extractor)

    def __len__(self) -> int:
        return len(self.chosen)

    def make(self) -> dict[str, Any]:
        """Compute the features."""
        found = features_of(self.images, self.extractor, self.cut, self.pieces, self.chosen, self.scale)
        return {"features": found}

    def are_features(self, value: Any) -> bool:
        """Whether a kept value has as many features as there are images."""
        return super().are_features(value) and len(value["features"]) == len(self)


def chosen(count: int, limit: int | None) -> np.ndarray:
    """Rows to look at, in order: all, or ``limit`` of them. int64."""
    if limit is None or limit >= count:
        return np.arange(count)
    return np.sort(repeated(count, limit, "real images"))


def features_of(
    images: Column,
    extractor: Extractor,
    cut: Crop | None = None,
    pieces: Kept = NOT_KEPT,
    rows: np.ndarray | None = None,
    scale: Scale = (),
) -> Tensor:
    """Features of stored images cropped to ``cut``, computed on the extractor's device. -> [N, d] on the CPU.

    ``rows``: the images to look at; None: all. ``scale``: black and white of each row; empty: of bytes.
    """
    index = np.arange(len(images)) if rows is None else rows

    def work(part: range) -> Tensor:
        batch = torch.from_numpy(np.array(gather(images, index[part.start : part.stop], cut)))
        return extractor(unit(batch.to(extractor.device), scale)).cpu()

    title = f"looking at the real images with {extractor.name}"
    return torch.cat([*pieces.batches(title, len(index), chunk_of(images, cut), work)])


def chunk_of(images: Column, cut: Crop | None) -> int:
    """Number of images per batch; 1 if they differ in size and are not cropped."""
    if cut is None and isinstance(images, Ragged):
        return 1
    channels, height, width = images[0].shape
    return batch_of((channels, *(cut.size if cut else (height, width))))


def batch_of(shape: tuple[int, int, int]) -> int:
    """Number of images of this shape (C, H, W) per batch."""
    channels, height, width = shape
    return max(1, min(250, CHUNK_BYTES // (4 * channels * height * width)))
