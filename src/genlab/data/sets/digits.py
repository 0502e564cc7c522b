"""The 8x8 digits that come with scikit-learn: real data without a download, so the first run needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from genlab.config.types import Binarize, PositiveInt
from genlab.contracts import DataSpec, LabelKind
from genlab.data.store.order import keyed_split
from genlab.data.store.source import SPLITS, Columns, PreparedData, Source, limited, sizes_of


class Digits(Source):
    """1,797 handwritten digits, 17 grey levels; 80 / 10 / 10 % by a keyed hash.

    Args:
        binarize: black and white pixels for the model: ``dynamic``, ``static`` or ``threshold``; None: grey, as stored.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)

    def __init__(self, binarize: Binarize | None, batch_size: PositiveInt, limit: PositiveInt | None) -> None:
        self.binarize, self.batch_size, self.limit = binarize, batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Load the images from scikit-learn's package; nothing is cached."""
        images, labels = load()
        parts = keyed_split([str(i) for i in range(len(images))], {"val": 0.1, "test": 0.1})
        columns: dict[str, Columns] = {
            split: {"image": images[parts[split]], "label": labels[parts[split]]} for split in SPLITS
        }
        names = tuple(str(digit) for digit in range(10))
        sizes, how = sizes_of(columns), self.binarize or ""
        spec = DataSpec("digits", "images", (1, 8, 8), sizes, digest(images, labels), 10, names, binarized=how)
        return limited(PreparedData(spec, columns), self.limit)


def load() -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 [1797, 1, 8, 8] with levels 0 … 16 scaled to 0 … 255, and labels, int64 [1797].

    Reads the package's data file directly: importing scikit-learn takes longer than an epoch of training.
    """
    import gzip
    import importlib.util

    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.submodule_search_locations is not None
    path = Path(next(iter(found.submodule_search_locations))) / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    images = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return images, table[:, -1].astype(np.int64)


def digest(images: np.ndarray, labels: np.ndarray) -> str:
    """SHA-256 of the images and labels."""
    import hashlib

    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
