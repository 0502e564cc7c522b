"""What a classifier is taught and examined on: the labels of a set, or which of two domains an image is of."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.contracts import DataSpec, Split
from genlab.data.store.columns import Column, Cut, taken
from genlab.data.store.order import repeated
from genlab.data.store.source import SPLITS, Prepared
from genlab.metrics.extractors.classifier_augment import COLOUR, SQUEEZE, TURN, ZOOM, resized, varied

Examples = Iterator[tuple[Tensor, Tensor]]  # images float [B, C, H, W] in [0, 1], labels int64 [B, number of labels]

LABELS: dict[str, Any] = {
    **{"version": 3, "epochs": 3, "least_steps": 400, "most_steps": 2000, "batch": 128, "seed": 0},
    **{"lr": 2e-3, "weight_decay": 0.0, "dropout": 0.0},
}
LARGEST = 128  # pixels of the shorter side that the classifier of two domains looks at
DOMAINS: dict[str, Any] = {  # version: raise it when classifier_augment.py changes
    **{"version": 2, "epochs": 40, "least_steps": 60, "most_steps": 2500, "batch": 32, "seed": 0, "largest": LARGEST},
    **{"lr": 3e-3, "weight_decay": 0.05, "dropout": 0.3, "views": [ZOOM, SQUEEZE, TURN, COLOUR]},
}
SIDES = ("a", "b")  # the columns of a set of domains; a's label is 0, b's is 1


class Lesson(ABC):
    """Batches to learn from and examples to be examined on. ``shape``: of an image, ``levels``: values of each label."""

    name: ClassVar[str]  # of the file that the classifier is kept in
    recipe: ClassVar[dict[str, Any]]  # part of its key, as the facts are
    unit: ClassVar[bool] = False  # whether features are scaled to a mean square of 1
    shape: tuple[int, ...]
    levels: tuple[int, ...]

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.spec = prepared, prepared.spec

    def steps(self) -> int:
        """Batches to learn from."""
        images = sum(map(len, (self.prepared.columns["train"][name] for name in self.columns())))
        wanted = self.recipe["epochs"] * images // self.recipe["batch"]
        return int(min(max(wanted, self.recipe["least_steps"]), self.recipe["most_steps"]))

    def order(self, column: str, count: int, *key: str) -> np.ndarray:
        """``count`` rows of a column for each step, permutation after permutation: [steps, count]."""
        rows = len(self.prepared.columns["train"][column])
        order = repeated(rows, self.steps() * count, self.recipe["seed"], "classifier", *key)
        return order.reshape(self.steps(), count)

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Those that hold images."""

    @abstractmethod
    def facts(self) -> tuple[Any, ...]:
        """All that decides what is learnt, besides the recipe."""

    @abstractmethod
    def batches(self) -> Examples:
        """Training images, other ones in every step."""

    @abstractmethod
    def examples(self, split: Split) -> Examples:
        """Every image of a split as in evaluation."""


class Labels(Lesson):
    """The set's own labels; images are shifted by a pixel or two, so that small sets suffice."""

    name, recipe = "classifier", LABELS

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self.shape, self.levels = self.spec.shape, levels_of(self.spec)

    def columns(self) -> tuple[str, ...]:
        """One."""
        return ("image",)

    def facts(self) -> tuple[Any, ...]:
        """The images and their labels: the same images may be told apart by one attribute or by another."""
        spec, digest = self.spec, hashlib.sha256()
        for split in SPLITS:
            digest.update(np.ascontiguousarray(self.prepared.labels[split]).tobytes())
        return spec.digest, spec.sizes, spec.shape, self.levels, digest.hexdigest()

    def rows(self, split: Split, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Some images with their labels."""
        labels = self.prepared.labels[split]
        assert labels is not None
        images = torch.from_numpy(np.array(self.prepared.images[split][index])).float() / 255
        return images, torch.from_numpy(np.array(labels[index])).reshape(len(index), -1)

    def batches(self) -> Examples:
        """Shifted."""
        for index in self.order("image", self.recipe["batch"]):
            x, right = self.rows("train", index)
            yield shifted(x), right

    def examples(self, split: Split) -> Examples:
        """Five hundred at a time."""
        index = np.arange(len(self.prepared.images[split]))
        return (self.rows(split, part) for part in np.split(index, range(500, len(index), 500)))


class TwoDomains(Lesson):
    """Which domain an image is of; half of every batch from either, however their sizes differ."""

    name, recipe, unit = "domains", DOMAINS, True

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self.shape, self.levels = (self.spec.shape[0], *looked_at(self.spec.shape)), (2,)

    def columns(self) -> tuple[str, ...]:
        """Two."""
        return SIDES

    def facts(self) -> tuple[Any, ...]:
        """The images and how they are cut."""
        spec = self.spec
        return spec.digest, spec.sizes, spec.shape, spec.note, self.prepared.augmentation.crop

    def batches(self) -> Examples:
        """Cut as in training at places that the step names, then moved, mirrored and recoloured."""
        crop, half = self.prepared.augmentation.crop, self.recipe["batch"] // 2
        cut = Cut(crop, self.recipe["seed"], random=True) if crop else None
        right = torch.arange(2).repeat_interleave(half)[:, None]
        columns, orders = self.prepared.columns["train"], {side: self.order(side, half, side) for side in SIDES}
        for step in range(self.steps()):
            parts = [self.images(columns[s], orders[s][step], cut, step, i) for i, s in enumerate(SIDES)]
            yield varied(torch.cat(parts)), right

    def examples(self, split: Split) -> Examples:
        """A hundred at a time, A before B."""
        cut = Cut(crop) if (crop := self.prepared.augmentation.crop) else None
        for label, side in enumerate(SIDES):
            column = self.prepared.columns[split][side]
            for index in np.split(np.arange(len(column)), range(100, len(column), 100)):
                yield self.images(column, index, cut), torch.full((len(index), 1), label)

    def images(self, column: Column, rows: np.ndarray, cut: Cut | None, step: int = 0, side: int = 0) -> Tensor:
        """Some images of a column, cut and shrunk; without a cut each has a size of its own."""
        size = looked_at(self.spec.shape)
        if cut is not None:
            return resized(torch.from_numpy(taken(column, rows, cut, step, side)).float() / 255, size)
        return torch.cat([resized(torch.from_numpy(np.array(column[row]))[None].float() / 255, size) for row in rows])


def levels_of(spec: DataSpec) -> tuple[int, ...]:
    """How many values each label of a set has; empty where there is nothing to tell apart."""
    return spec.levels or ((spec.classes,) if spec.classes > 1 else ())


def looked_at(shape: tuple[int, ...]) -> tuple[int, int]:
    """The size (H, W) that images of two domains are shrunk to, in proportion, before the classifier sees them."""
    height, width = shape[1:]
    factor = min(1.0, LARGEST / min(height, width))
    return round(height * factor), round(width * factor)


def is_learnable(spec: DataSpec) -> bool:
    """Whether there is anything to learn: not of images without labels, and not of pairs, whose sides tell themselves apart."""
    return spec.kind == "domains" or (spec.kind == "images" and bool(levels_of(spec)))


def lesson_of(prepared: Prepared) -> Lesson:
    """What there is to learn, of a set that is learnable."""
    return TwoDomains(prepared) if prepared.spec.kind == "domains" else Labels(prepared)


def shifted(x: Tensor) -> Tensor:
    """The batch shifted by up to a twelfth of its side. [B, C, H, W] -> [B, C, H, W]."""
    reach = max(1, min(x.shape[-2:]) // 12)
    down, right = (int(torch.randint(-reach, reach + 1, ())) for _ in range(2))
    padded = F.pad(x, [reach] * 4, mode="replicate")
    height, width = x.shape[-2:]
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]
