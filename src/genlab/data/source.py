"""The torch-free half of the data: what a set is made of, and how it gets ready. DataModules stand on top of this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from genlab.contracts import DataSpec, Kind

SPLITS: tuple[str, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Prepared:
    """A data set ready to be read: images uint8 [N, C, H, W] for each split, labels int64 [N] or None."""

    spec: DataSpec
    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray | None] = field(default_factory=dict)


class Source(ABC):
    """Where images come from. Constructing one costs nothing; ``prepare`` does the work, once."""

    kind: ClassVar[Kind] = "images"

    @abstractmethod
    def prepare(self, data_root: Path, cache_root: Path) -> Prepared:
        """Find (or download), check and decode the files, or open what an earlier run left in ``cache_root``.

        Raises:
            DataError: with what is missing or damaged, and what to do.
        """


def limited(prepared: Prepared, limit: int | None) -> Prepared:
    """Only the first ``limit`` training images."""
    if limit is None or limit >= prepared.spec.sizes["train"]:
        return prepared
    from dataclasses import replace

    labels = prepared.labels.get("train")
    spec = replace(prepared.spec, sizes={**prepared.spec.sizes, "train": limit})
    return Prepared(
        spec,
        {**prepared.images, "train": prepared.images["train"][:limit]},
        {**prepared.labels, "train": None if labels is None else labels[:limit]},
    )
