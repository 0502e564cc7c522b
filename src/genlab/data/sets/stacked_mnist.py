"""Stacked MNIST: three digits as the channels of one image, 1,000 modes that a GAN may miss, and that can be counted.

Metz et al., 2017 (arXiv:1611.02163), section 3.3.1; Srivastava et al., 2017 (arXiv:1705.07761); Lin et al., 2018
(arXiv:1712.04086), whose 128,000 training images a count of 160,000 gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from genlab.config.types import Binarize, NonNegativeInt, PositiveInt
from genlab.contracts import DataSpec, LabelKind
from genlab.data.sets.mnist import MNIST
from genlab.data.store.source import SPLITS, PreparedData, Source, limited, sizes_of
from genlab.data.store.store import Decoded, Part, key_of, open_or_build
from genlab.random import keyed

Count = Annotated[int, Field(ge=10)]  # so that there is one image to validate and one to test
CHANNELS, DIGITS = 3, 10
VERSION = 1  # part of the store's key: raise it when the draw changes


class StackedMNIST(Source):
    """Images of three digits each, 28x28 in colour; 80 / 10 / 10 % of ``count``.

    The digits of a split are drawn with replacement from that split of ``data=mnist``: none is in two splits. The class of an
    image is 100 r + 10 g + b.

    Args:
        count: images in all, at least 10.
        subset_seed: seed of the draw, separate from ``seed`` so that all runs see the same images.
        binarize: black and white pixels for the model: ``dynamic``, ``static`` or ``threshold``; None: as stored.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)

    def __init__(
        self,
        count: Count,
        subset_seed: NonNegativeInt,
        binarize: Binarize | None,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.count, self.subset_seed, self.binarize = count, subset_seed, binarize
        self.batch_size, self.limit = batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Prepare the digits as ``data=mnist`` does, and stack them or open the store of stacks."""
        digits = MNIST("mnist", None, self.batch_size, None).prepare(data_root, cache_root)
        recipe = {"kind": "stacked_mnist", "version": VERSION, "digits": digits.spec.digest}
        recipe |= {"count": self.count, "draw": self.subset_seed}
        key = key_of(recipe, [], cache_root)
        store = open_or_build(cache_root, "stacked_mnist", key, lambda: self.decode(digits))
        names = tuple(f"{number:03}" for number in range(DIGITS**CHANNELS))
        shape, sizes = (CHANNELS, *digits.spec.shape[1:]), sizes_of(store.parts)
        spec = DataSpec(
            "stacked_mnist",
            "images",
            shape,
            sizes,
            store.digest,
            len(names),
            names,
            binarized=self.binarize or "",
            channel_classes=DIGITS,
        )
        return limited(PreparedData(spec, store.parts), self.limit)

    def decode(self, digits: PreparedData) -> Decoded:
        """Input of the store build: stacks, put together lazily, and their classes."""
        held_out = self.count // 10
        sizes = {"train": self.count - 2 * held_out, "val": held_out, "test": held_out}
        return Decoded({split: self.part(digits, split, sizes[split]) for split in SPLITS})

    def part(self, digits: PreparedData, split: str, count: int) -> Part:
        """``count`` stacks of the digits of a split."""
        images, labels = digits.images[split], np.asarray(digits.labels[split])
        chosen = keyed("stacked_mnist", self.subset_seed, split).integers(len(images), size=(count, CHANNELS))
        weights = DIGITS ** np.arange(CHANNELS - 1, -1, -1)
        return Part(count, ("image",), stacks(images, chosen), {"label": labels[chosen] @ weights})


def stacks(images: np.ndarray, chosen: np.ndarray) -> Iterator[tuple[np.ndarray]]:
    """The stack of each row of digit numbers [N, 3]: uint8 [3, H, W] of images [M, 1, H, W]."""
    for row in chosen:
        yield (images[row, 0],)
