"""What numbers must share to stand in one table: the images that are measured, and the extractors."""

from __future__ import annotations

from typing import Any

from genlab.contracts import ConfigError, Problem, Split
from genlab.data.store.binarize import binarisation
from genlab.data.store.source import PreparedData


def images_of(prepared: PreparedData, split: Split) -> dict[str, Any]:
    """The images of a split as they are measured."""
    spec = prepared.spec
    return {
        "the set": spec.name,
        f"the number of images in {split}": spec.sizes[split],
        "their shape": "x".join(map(str, spec.shape)),
        "data.crop": prepared.augmentation.evaluated,
        "the digest of the images": spec.digest,
        "their binarisation (data.binarize)": binarisation(spec.binarized),
    }


def require_same(one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]) -> None:
    """Refuse two checkpoints whose images or extractors differ: the name of each, and facts, of which it has some.

    Raises:
        ConfigError: with what differs.
    """
    (first, there), (second, here) = one, other
    differing = [key for key in here if key in there and here[key] != there[key]]
    if differing:
        key = differing[0]
        what = f"{second} and {first} cannot stand in one table: {key} is {here[key]}, and {there[key]}"
        raise ConfigError([Problem("ckpt", what, "Measure each by itself: ckpt=PATH")])
