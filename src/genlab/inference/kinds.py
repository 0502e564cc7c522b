"""Usual and unusual images: a class that was held out of training against the others, or another set against the run's own."""

from __future__ import annotations

import numpy as np

from genlab.contracts import DataError, DataSpec, Split
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData

Sets = dict[str, tuple[PreparedData, np.ndarray]]  # ``usual`` and ``unusual``: the set, and its images of the split


def usual_and_unusual(
    own: PreparedData, split: Split, most: int, number: int | None, other: PreparedData | None
) -> Sets:
    """At most ``most`` images of either kind, the same for all models: of class ``number``, or of the test of another set."""
    there = np.arange(len(own.columns[split]["image"]))
    if other is not None:
        far = np.arange(len(other.columns["test"]["image"]))
        return {"usual": (own, some(there, most)), "unusual": (other, some(far, most))}
    labels = np.asarray(own.labels[split])
    return {
        "usual": (own, some(there[labels != number], most)),
        "unusual": (own, some(there[labels == number], most)),
    }


def some(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, in random order, so that the first ones are a fair draw as well."""
    return rows[repeated(len(rows), min(len(rows), most), "outliers")] if len(rows) else rows


def class_number(held_out: int | str | None, spec: DataSpec, where: str) -> int:
    """The class that is held out. ``where``: the key that names it.

    Raises:
        DataError: the set has no such class.
    """
    names = {name: number for number, name in enumerate(spec.class_names)}
    number = names.get(held_out, -1) if isinstance(held_out, str) else int(held_out or 0)
    if not 0 <= number < spec.classes:
        known = ", ".join(spec.class_names) or "none"
        raise DataError(f"{where}={held_out}: {spec.name} has no such class. Classes: {known}")
    return number


def require_unseen(prepared: PreparedData, number: int, where: str) -> None:
    """Neither the training nor the choice of a checkpoint may have seen the class. ``where``: key and value that name it.

    Raises:
        DataError: with the remedy.
    """
    for split in ("train", "val"):
        labels = prepared.labels[split]
        if labels is not None and (many := int((np.asarray(labels) == number).sum())):
            raise DataError(
                f"{where}: the model has seen {many:,} images of this class in {split}. "
                f'Train without them: "data.class_shares={{{number}: 0}}"'
            )
