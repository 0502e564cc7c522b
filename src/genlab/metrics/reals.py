"""The real side of FID and KID: features of the real images, computed once and kept on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Split
from genlab.data.columns import Column, Cut, Ragged, taken
from genlab.data.source import Prepared
from genlab.metrics.features import Extractor
from genlab.metrics.kept import kept

CHUNK_BYTES = 64 << 20  # as floats: at most 250 images


def real_features(
    prepared: Prepared, split: Split, extractor: Extractor, cache_root: Path, column: str = "image"
) -> Tensor:
    """Features of every image of a split, [N, d] on the CPU; kept under the digests of the images and the extractor.

    ``column``: of a set for translation, ``a`` or ``b``; cut as in evaluation.
    """
    spec, crop = prepared.spec, prepared.augmentation.crop
    facts = f"{spec.digest}/{spec.sizes}/{split}/{extractor.digest}"
    if column != "image":
        facts += f"/{column}/{spec.note}/{crop}"
    key = hashlib.sha256(facts.encode()).hexdigest()[:16]
    path = cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt"
    images = prepared.columns[split][column]
    features: Tensor = kept(path, lambda: features_of(images, extractor, Cut(crop) if crop else None))
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
