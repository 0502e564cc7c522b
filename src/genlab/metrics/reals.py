"""The real side of FID and KID: features of the real images, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Split
from genlab.data.source import Prepared
from genlab.metrics.features import Extractor


def real_features(prepared: Prepared, split: Split, extractor: Extractor, cache_root: Path) -> Tensor:
    """Features of every image of a split, [N, d]; kept under the digests of the images and of the extractor."""
    spec = prepared.spec
    key = hashlib.sha256(f"{spec.digest}/{spec.sizes}/{split}/{extractor.digest}".encode()).hexdigest()[:16]
    path = cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt"
    if path.is_file():
        return torch.load(path, weights_only=True)
    images = prepared.images[split]
    batches = [images[i : i + 250] for i in range(0, len(images), 250)]
    features = torch.cat([extractor(torch.from_numpy(np.array(b)).float() / 255) for b in batches])
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    torch.save(features, part)
    os.replace(part, path)
    return features
