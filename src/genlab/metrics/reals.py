"""The real side of FID and KID: features of the real images, computed once and kept on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Split
from genlab.data.source import Prepared
from genlab.metrics.features import Extractor
from genlab.metrics.kept import kept


def real_features(prepared: Prepared, split: Split, extractor: Extractor, cache_root: Path) -> Tensor:
    """Features of every image of a split, [N, d] on the CPU; kept under the digests of the images and the extractor."""
    spec = prepared.spec
    key = hashlib.sha256(f"{spec.digest}/{spec.sizes}/{split}/{extractor.digest}".encode()).hexdigest()[:16]
    path = cache_root / "features" / f"real-{spec.name}-{split}-{extractor.name}-{key}.pt"
    features: Tensor = kept(path, lambda: features_of(prepared.images[split], extractor))
    return features


def features_of(images: np.ndarray, extractor: Extractor, chunk: int = 250) -> Tensor:
    """uint8 [N, C, H, W] -> features [N, d] on the CPU, computed wherever the extractor is."""
    batches = (torch.from_numpy(np.array(images[i : i + chunk])) for i in range(0, len(images), chunk))
    return torch.cat([extractor(batch.to(extractor.device).float() / 255).cpu() for batch in batches])
