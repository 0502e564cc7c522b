"""Prepares stored pairs of images: which side is the input, how they are cropped, flipped and limited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlab.contracts import DataSpec
from genlab.data.files.image_folders import heights_differ, of_store, own_channels, require_batches, shape_of
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

    def prepared(self, store: Store, remarks: tuple[str, ...], skipped: tuple[str, ...] = ()) -> PreparedData:
        """The prepared set: ``a`` is the input and ``b`` the target, so ``BtoA`` swaps the two sides of the files."""
        sides = ("a", "b") if self.direction == "AtoB" else ("b", "a")
        columns = {split: {"a": part[sides[0]], "b": part[sides[1]]} for split, part in store.parts.items()}
        columns.setdefault("test", columns["val"])  # a published set without a test part
        columns = {split: columns[split] for split in SPLITS}
        require_batches(columns["train"], self.recipe, self.batch_size)
        shapes = [shape_of(columns["train"][side], self.recipe) for side in ("a", "b")]
        sizes, note = sizes_of(columns), f"{self.direction}, {self.recipe}"
        found = of_store(store, remarks, skipped) | {"channels_b": own_channels(*shapes)}
        found["heights_differ"] = heights_differ(columns["train"], self.recipe)
        spec = DataSpec(self.name, "pairs", shapes[0], sizes, note=note, **found)
        files = {split: dict.fromkeys(("a", "b"), names) for split, names in store.facts["files"].items()}
        whole = PreparedData(spec, columns, Augmentation(self.recipe.crop, self.hflip), files=files)
        return limited(whole, self.limit)
