"""Points that were drawn from a known density, as a prepared set: 80 / 10 / 10 % of them in the order of the draw."""

from __future__ import annotations

import hashlib
from typing import Annotated

import numpy as np
from pydantic import Field

from genlab.contracts import DataSpec
from genlab.data.store.source import SPLITS, Columns, Modes, PreparedData, sizes_of

Count = Annotated[int, Field(ge=10)]  # so that there is one point to validate and one to test


def drawn_points(
    name: str, x: np.ndarray, label: np.ndarray, class_names: tuple[str, ...], modes: Modes | None
) -> PreparedData:
    """The set called ``name`` of points float32 [N, D] and the mode or arm of each, int64 [N]."""
    held_out = len(x) // 10
    ends = np.cumsum([len(x) - 2 * held_out, held_out])
    parts = zip(SPLITS, np.split(x, ends), np.split(label, ends), strict=True)
    columns: dict[str, Columns] = {split: {"x": points, "label": labels} for split, points, labels in parts}
    digest = hashlib.sha256(x.tobytes() + label.tobytes()).hexdigest()
    spec = DataSpec(name, "points", x.shape[1:], sizes_of(columns), digest, len(class_names), class_names)
    return PreparedData(spec, columns, modes=modes)
