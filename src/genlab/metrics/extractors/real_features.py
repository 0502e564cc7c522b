"""The real side of FID and KID: features of the real images, computed once and kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Split
from genlab.data.store.columns import Column, Cut, Ragged, taken
from genlab.data.store.source import Prepared
from genlab.files import cached, key_of
from genlab.metrics.extractors.choose import Extractor

VERSION = 1  # part of every key: raise it when an extractor looks at images in another way
CHUNK_BYTES = 64 << 20  # as floats: at most 250 images


def real_features(
    prepared: Prepared, split: Split, extractor: Extractor, cache_root: Path, column: str = "image"
) -> Tensor:
    """Features of every image of a split, [N, d] on the CPU; kept under all that they depend on.

    ``column``: of a set for translation, ``a`` or ``b``; cut as in evaluation.
    """
    spec, crop = prepared.spec, prepared.augmentation.crop
    facts = spec.digest, spec.sizes, spec.shape, split, column, spec.note, crop
    key = key_of(VERSION, *facts, extractor.digest)
    path = cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt"
    images = prepared.columns[split][column]
    shape = len(images), extractor.num_features

    def fits(value: Any) -> bool:
        return isinstance(value, Tensor) and value.shape == shape

    features: Tensor = cached(path, lambda: features_of(images, extractor, Cut(crop) if crop else None), fits)
    return features


def features_of(images: Column, extractor: Extractor, cut: Cut | None = None) -> Tensor:
    """Features [N, d] on the CPU of uint8 images, cut in the middle, computed wherever the extractor is."""
    chunk = chunk_of(images, cut)
    places = (np.arange(start, min(start + chunk, len(images))) for start in range(0, len(images), chunk))
    batches = (torch.from_numpy(np.array(taken(images, rows, cut))) for rows in places)
    return torch.cat([extractor(batch.to(extractor.device).float() / 255).cpu() for batch in batches])


def chunk_of(images: Column, cut: Cut | None) -> int:
    """How many images to look at together; those of many sizes one by one."""
    if cut is None and isinstance(images, Ragged):
        return 1
    channels, height, width = images[0].shape
    height, width = cut.size if cut else (height, width)
    return max(1, min(250, CHUNK_BYTES // (4 * channels * height * width)))
