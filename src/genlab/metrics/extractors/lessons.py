"""Training and test examples of the classifiers: the labels of a set, or which of two domains an image belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.contracts import DataSpec, Split
from genlab.data.store.columns import Crop, Ragged, gather
from genlab.data.store.order import repeated
from genlab.data.store.scale import unit
from genlab.data.store.source import SPLITS, PreparedData
from genlab.images import widened
from genlab.metrics.extractors.classifier_augment import COLOUR, SQUEEZE, TURN, ZOOM, augment, resized

Examples = Iterator[tuple[Tensor, Tensor]]  # images float [B, C, H, W] in [0, 1], labels int64 [B, number of labels]

LABELS: dict[str, Any] = {
    **{"version": 3, "epochs": 3, "least_steps": 400, "most_steps": 2000, "batch": 128, "seed": 0},
    **{"lr": 2e-3, "weight_decay": 0.0, "dropout": 0.0, "unit": False},
}
LARGEST = 128  # pixels of the shorter side that the classifier of two domains looks at
DOMAINS: dict[str, Any] = {  # version: raise it when classifier_augment.py changes; unit: of the features' mean square
    **{"version": 2, "epochs": 40, "least_steps": 60, "most_steps": 2500, "batch": 32, "seed": 0, "largest": LARGEST},
    **{"lr": 3e-3, "weight_decay": 0.05, "dropout": 0.3, "unit": True, "views": [ZOOM, SQUEEZE, TURN, COLOUR]},
}


class Lesson:
    """The classification task of a set: its labels, or the domain (0 for A, 1 for B), with batches half from each domain.

    Training images are shifted; those of domains are also rotated, flipped and colour-jittered, so that small sets suffice.
    Where channels are pictures of their own, each is an example by itself, with its own class.
    ``shape``: (C, H, W) of an example; ``levels``: the number of values of each label.
    """

    def __init__(self, prepared: PreparedData) -> None:
        spec, self.prepared = prepared.spec, prepared
        self.spec, self.columns, self.recipe, self.vary = spec, ("image",), LABELS, shifted
        self.shape, self.levels = spec.widest, levels_of(spec)
        if spec.kind == "domains":
            self.columns, self.recipe, self.vary = ("a", "b"), DOMAINS, augment  # type: ignore[assignment]
            self.shape, self.levels = (spec.widest[0], *input_size(spec.shape)), (2,)
        self.each = 1  # examples of an image
        if spec.channel_classes:
            self.each, self.shape, self.levels = spec.shape[0], (1, *spec.shape[1:]), (spec.channel_classes,)

    def facts(self) -> tuple[Any, ...]:
        """Everything that determines the trained classifier; labels count, since one set of images may have several."""
        digest = hashlib.sha256()
        for labels in (self.prepared.labels[split] for split in SPLITS):
            digest.update(b"" if labels is None else np.ascontiguousarray(labels).tobytes())
        spec, crop = self.spec, self.prepared.augmentation.crop
        return self.recipe, spec.digest, spec.sizes, spec.shape, self.levels, spec.note, crop, digest.hexdigest()

    def steps(self) -> int:
        """Number of training batches."""
        images = self.each * sum(len(self.prepared.columns["train"][column]) for column in self.columns)
        wanted = self.recipe["epochs"] * images // self.recipe["batch"]
        return int(min(max(wanted, self.recipe["least_steps"]), self.recipe["most_steps"]))

    def order(self, column: str) -> np.ndarray:
        """Row indices of a column for each step, from concatenated permutations: [steps, rows]."""
        rows = len(self.prepared.columns["train"][column])
        count = self.recipe["batch"] // (len(self.columns) * self.each)
        found = repeated(rows, self.steps() * count, self.recipe["seed"], "classifier", column)
        return found.reshape(self.steps(), count)

    def batches(self) -> Examples:
        """Training batches, cropped as in training at positions keyed by the step."""
        crop, orders = self.prepared.augmentation.crop, [self.order(column) for column in self.columns]
        cut = Crop(crop, self.recipe["seed"], random=True) if crop else None
        for step in range(self.steps()):
            parts = [self.rows("train", side, order[step], cut, step) for side, order in enumerate(orders)]
            yield self.vary(torch.cat([x for x, _ in parts])), torch.cat([right for _, right in parts])

    def examples(self, split: Split, chunk: int = 100) -> Examples:
        """Every image of a split, cropped as in evaluation, A before B."""
        cut = Crop(crop) if (crop := self.prepared.augmentation.evaluated) else None
        for side, column in enumerate(self.columns):
            count = len(self.prepared.columns[split][column])
            for start in range(0, count, chunk):
                yield self.rows(split, side, np.arange(start, min(start + chunk, count)), cut)

    def rows(
        self, split: Split, side: int, index: np.ndarray, cut: Crop | None, step: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Examples at ``index``, cropped and resized, with their labels; uncropped images of varying size one by one."""
        column, labels = self.prepared.columns[split][self.columns[side]], self.prepared.labels[split]
        one_by_one = cut is None and isinstance(column, Ragged)
        parts = np.split(index, len(index)) if one_by_one else [index]
        height, width = self.shape[1:]
        scale = self.spec.scale(self.columns[side])
        whole = (unit(torch.from_numpy(gather(column, part, cut, step, side)), scale) for part in parts)
        images = torch.cat([resized(x, (height, width)) for x in whole])
        told = torch.from_numpy(np.full(len(index), side) if labels is None else np.array(labels[index]))
        if base := self.spec.channel_classes:
            return images.flatten(0, 1).unsqueeze(1), channel_labels(told, base, self.each).reshape(-1, 1)
        return widened(images, self.shape[0]), told.reshape(len(index), -1)


def channel_labels(label: Tensor, base: int, channels: int) -> Tensor:
    """The class of each channel, the digits of an image's class in this base, first channel first. [B] -> [B, C]."""
    weights = base ** torch.arange(channels - 1, -1, -1, device=label.device)
    return label[:, None] // weights % base


def levels_of(spec: DataSpec) -> tuple[int, ...]:
    """Number of values of each label of a set; empty if there are not at least two classes, or if one is continuous."""
    if 0 in spec.levels:
        return ()
    return spec.levels or ((spec.classes,) if spec.classes > 1 else ())


def input_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """The size (H, W) that images are shrunk to, in proportion, for the domain classifier."""
    height, width = shape[1:]
    factor = min(1.0, LARGEST / min(height, width))
    return round(height * factor), round(width * factor)


def is_learnable(spec: DataSpec) -> bool:
    """Whether a classifier has something to learn: not from images without labels, nor from pairs, whose sides are obvious."""
    return spec.kind == "domains" or (spec.kind == "images" and bool(levels_of(spec)))


def shifted(x: Tensor) -> Tensor:
    """The batch shifted by up to a twelfth of its side. [B, C, H, W] -> [B, C, H, W]."""
    reach = max(1, min(x.shape[-2:]) // 12)
    down, right = (int(torch.randint(-reach, reach + 1, ())) for _ in range(2))
    padded = F.pad(x, [reach] * 4, mode="replicate")
    height, width = x.shape[-2:]
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]
