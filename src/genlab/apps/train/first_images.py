"""Training images for the parts of a model that begin as such."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

from genlab.data.store.columns import Crop, gather
from genlab.data.store.source import PreparedData
from genlab.models.base.model import Model
from genlab.random import keyed


@runtime_checkable
class BeginsWithImages(Protocol):
    """A part whose weights begin as training images."""

    @property
    def images_wanted(self) -> int:
        """How many."""
        ...

    def begin_with(self, images: torch.Tensor) -> None:
        """Take [N, C, H, W] in [0, 1]."""
        ...


def begin_with_images(model: Model, prepared: PreparedData, seed: int) -> None:
    """Give every such part as many training images as it wants, drawn by the seed: the same ones on every rank.

    Crops are centred; a set that is binarised while it is read gives its grey images.
    """
    for name, part in model.named_modules():
        if isinstance(part, BeginsWithImages):
            column, crop = prepared.columns["train"]["image"], prepared.augmentation.crop
            rows = keyed("first images", name, seed).choice(len(column), part.images_wanted, replace=False)
            images = gather(column, rows, Crop(crop, seed, False) if crop else None)
            part.begin_with(torch.from_numpy(images).to(model.weight_dtype) / 255)
