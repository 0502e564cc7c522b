"""The real side of FID and KID: features of the real images, computed once and kept on disk."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.console import progress
from genlab.contracts import Split
from genlab.data.store.columns import Column, Crop, Ragged, gather
from genlab.data.store.source import PreparedData
from genlab.files import cached, ensure, key_of
from genlab.images import from_uint8
from genlab.metrics.extractors.choose import Extractor
from genlab.metrics.frechet import Moments

VERSION = 1  # part of every key: raise it when an extractor looks at images in another way
CHUNK_BYTES = 64 << 20  # as floats: at most 250 images


class RealFeatures:
    """Features of every image of a split and their moments, cached under a key of everything they depend on.

    Args:
        column: ``image``, or ``a`` or ``b`` in a set for translation; images are cropped as in evaluation.
    """

    def __init__(
        self, prepared: PreparedData, split: Split, extractor: Extractor, cache_root: Path, column: str = "image"
    ) -> None:
        spec, crop = prepared.spec, prepared.augmentation.crop
        facts = spec.digest, spec.sizes, spec.shape, split, column, spec.note, crop
        key = key_of(VERSION, *facts, extractor.digest)
        self.path = cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt"
        self.images, self.extractor, self.cut = prepared.columns[split][column], extractor, Crop(crop) if crop else None
        self.at_hand: dict[torch.device, Moments] = {}

    def __len__(self) -> int:
        return len(self.images)

    def make(self) -> Tensor:
        """Compute the features."""
        return features_of(self.images, self.extractor, self.cut)

    def ensure(self) -> None:
        """Compute the features into the cache if missing; one process computes while the others wait."""
        ensure(self.path, self.make)

    @cached_property
    def features(self) -> Tensor:
        """[N, d] on the CPU."""
        shape = len(self), self.extractor.num_features
        found: Tensor = cached(self.path, self.make, lambda value: isinstance(value, Tensor) and value.shape == shape)
        return found

    def moments(self, device: torch.device) -> Moments:
        """Moments with the root of the covariance (seconds for 2,048 features), cached next to the features."""
        if device not in self.at_hand:
            path = self.path.with_name(self.path.name.replace("real-", "moments-", 1))
            plain = cached(path, lambda: Moments.of(self.features).plain(), self.are_moments)
            self.at_hand[device] = Moments.from_plain(plain, device)
        return self.at_hand[device]

    def are_moments(self, value: Any) -> bool:
        """Whether a cached value has the shapes of the moments."""
        d = self.extractor.num_features
        shapes = {"count": (), "total": (d,), "outer": (d, d), "root": (d, d)}
        return isinstance(value, dict) and {n: getattr(x, "shape", None) for n, x in value.items()} == shapes


def features_of(images: Column, extractor: Extractor, cut: Crop | None = None) -> Tensor:
    """Features of uint8 images cropped to ``cut``, computed on the extractor's device. -> [N, d] on the CPU."""
    chunk = chunk_of(images, cut)
    places = (np.arange(start, min(start + chunk, len(images))) for start in range(0, len(images), chunk))
    found = []
    with progress(f"looking at the real images with {extractor.name}", len(images), announced="once") as advance:
        for rows in places:
            batch = torch.from_numpy(np.array(gather(images, rows, cut)))
            found.append(extractor(from_uint8(batch.to(extractor.device))).cpu())
            advance(len(rows))
    return torch.cat(found)


def chunk_of(images: Column, cut: Crop | None) -> int:
    """Number of images per batch; 1 if they differ in size and are not cropped."""
    if cut is None and isinstance(images, Ragged):
        return 1
    channels, height, width = images[0].shape
    height, width = cut.size if cut else (height, width)
    return max(1, min(250, CHUNK_BYTES // (4 * channels * height * width)))
