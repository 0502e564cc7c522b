"""Prepares stored pairs of images: which side is the input, how they are cropped, flipped and limited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlab.contracts import DataSpec
from genlab.data.files.image_folders import require_batches, shape_of
from genlab.data.files.preprocess import Recipe
from genlab.data.store.source import SPLITS, Augmentation, PreparedData, limited, sizes_of
from genlab.data.store.store import Store

Direction = Literal["AtoB", "BtoA"]


@dataclass(frozen=True)
class Pairing:
    """How stored pairs are used: which side is the input, the crop, flips, and how many training pairs."""

    name: str
    direction: Direction
    recipe: Recipe
    hflip: bool
    batch_size: int
    limit: int | None

    def prepared(self, store: Store, skipped: tuple[str, ...]) -> PreparedData:
        """The prepared set: ``a`` is the input and ``b`` the target, so ``BtoA`` swaps the two sides of the files."""
        sides = ("a", "b") if self.direction == "AtoB" else ("b", "a")
        columns = {split: {"a": part[sides[0]], "b": part[sides[1]]} for split, part in store.parts.items()}
        columns.setdefault("test", columns["val"])  # a published set without a test part
        columns = {split: columns[split] for split in SPLITS}
        require_batches(columns["train"], self.recipe, self.batch_size)
        shape = shape_of(columns["train"], self.recipe)
        sizes, note = sizes_of(columns), f"{self.direction}, {self.recipe}"
        spec = DataSpec(self.name, "pairs", shape, sizes, store.digest, skipped=skipped, note=note)
        return limited(PreparedData(spec, columns, Augmentation(self.recipe.crop, self.hflip)), self.limit)
