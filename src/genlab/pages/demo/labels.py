"""Labels of a conditional model: what the page offers, and what it asks for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from genlab.contracts import DataSpec, HasStyle
from genlab.models.base.labels import needs_labels
from genlab.pages.demo.refused import unfit

LARGEST = 1e30  # JSON has whole numbers without end


def takes_label(model: Any) -> bool:
    """Whether a label stands beside the code; where it is a part of the code, it has sliders."""
    return needs_labels(model) and not isinstance(model, HasStyle)


def offered(model: Any) -> dict[str, Any] | None:
    """The choices: of one class, or of a value for each attribute; None of a model that takes no label."""
    if not takes_label(model):
        return None
    spec: DataSpec = model.spec
    if spec.labels == "classes":
        return {"kind": "classes", "names": list(spec.class_names) or [str(i) for i in range(spec.classes)]}
    levels = list(spec.levels) or [0] * len(spec.attributes)
    return {"kind": "attributes", "names": list(spec.attributes), "levels": levels}


def usual(model: Any) -> Any:
    """The label to begin with: the first class, or every attribute at 0; None of a model that takes none."""
    if not takes_label(model):
        return None
    return 0 if model.spec.labels == "classes" else [0] * len(model.spec.attributes)


def label_tensor(given: list[Any], model: Any) -> Tensor | None:
    """The labels that the page has asked for, one of each picture; None of a model that takes none. -> [B] or [B, K].

    Raises:
        Refused: there is no such label.
    """
    if not takes_label(model):
        return None
    spec: DataSpec = model.spec
    if spec.labels == "classes":
        return torch.tensor([a_class(one, spec) for one in given], device=model.device)
    return torch.tensor([values(one, spec) for one in given], device=model.device)


def a_class(given: Any, spec: DataSpec) -> int:
    """The number of a class.

    Raises:
        Refused: there is no such class.
    """
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < spec.classes:
        raise unfit(f"label: a whole number from 0 to {spec.classes - 1} is wanted.")
    return given


def values(given: Any, spec: DataSpec) -> list[float]:
    """A value for each attribute.

    Raises:
        Refused: one is missing, or has no such value.
    """
    count = len(spec.attributes)
    if not isinstance(given, list) or len(given) != count or not all(map(is_number, given)):
        raise unfit(f"label: a list of {count} numbers is wanted.")
    for value, levels, name in zip(given, spec.levels or (0,) * count, spec.attributes, strict=True):
        if levels and value not in range(levels):
            raise unfit(f"label: {name} has the values 0 to {levels - 1}.")
    return given


def is_number(value: Any) -> bool:
    """Whether it is a number that a network can be given."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
