"""Features of the pictures of a folder, read batch by batch: neither all files nor all images are in memory at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genlab.contracts import DataError
from genlab.data.files.findings import Findings
from genlab.data.files.plain_folder import Pictures
from genlab.data.files.splits import plain
from genlab.files import key_of
from genlab.images import from_uint8
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.kept import libraries
from genlab.metrics.extractors.real_features import VERSION, KeptFeatures, batch_of


class FolderFeatures(KeptFeatures):
    """Features of all pictures of a folder, and a digest of the images that the extractor has seen.

    Kept with the features: ``digests`` (SHA-256 of the pixels of each image), ``skipped`` and ``remarks``.
    """

    def __init__(self, pictures: Pictures, extractor: Extractor, cache_root: Path) -> None:
        key = key_of(VERSION, libraries(), pictures.key, pictures.on_error, extractor.digest)
        name = f"real-folder-{plain(pictures.folder.root)}-{extractor.name}-{key}.pt"
        super().__init__(cache_root / "features" / name, extractor)
        self.pictures = pictures

    def make(self) -> dict[str, Any]:
        """Read the files and compute the features.

        Raises:
            DataError: a file is damaged, and ``on_error`` is ``stop``, or fewer than two are not.
        """
        pictures = self.pictures
        title = f"looking at {pictures.folder.key} with {self.extractor.name}"
        found = [*self.pieces.batches(title, len(pictures), batch_of(pictures.shape), self.batch)]
        findings = Findings(pictures.folder.root)
        for batch in found:
            findings.add(batch["findings"])
        features = torch.cat([batch["features"] for batch in found])
        if len(features) < 2:
            what = f"{len(features)} of its {len(pictures):,} pictures can be read; give at least 2"
            raise DataError(f"{pictures.folder}: {what}.")
        return {
            "features": features,
            "digests": [digest for batch in found for digest in batch["digests"]],
            **findings.facts(pictures.reading.range),
        }

    def batch(self, rows: range) -> dict[str, Any]:
        """Features of some files, and what was noticed while reading them."""
        images, findings = self.pictures.rows(rows)
        features = torch.zeros(0, self.extractor.num_features)
        if images:
            stacked = torch.from_numpy(np.stack(images)).to(self.extractor.device)
            features = self.extractor(from_uint8(stacked)).cpu()
        digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
        return {"features": features, "digests": digests, "findings": findings.plain()}

    @property
    def digest(self) -> str:
        """Of the shape and the pixels of all images, in the order of their files' names."""
        return key_of(self.pictures.shape, self.kept["digests"])
