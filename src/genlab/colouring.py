"""By what the codes of images are coloured: the class of each image, or the value of one of its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.figures import MOST_CLASSES

if TYPE_CHECKING:
    from torch import Tensor


class Colouring(NamedTuple):
    """The number of each image's class [N], int64, and the names of the classes; None and none where there is one colour."""

    label: Tensor | None
    names: tuple[str, ...]

    @property
    def numbers(self) -> np.ndarray | None:
        """The numbers as an array."""
        return None if self.label is None else self.label.numpy()

    @property
    def chance(self) -> float:
        """How often two images drawn at random are of one class."""
        assert self.label is not None
        shares = np.bincount(self.label.numpy()) / len(self.label)
        return float((shares**2).sum())


def require_attribute(spec: DataSpec, attribute: str | None, key: str) -> None:
    """Refuse an attribute that the set has not, or that has no few values. ``key``: where it was typed.

    Raises:
        ConfigError: with those that it has.
    """
    fitting = [name for name, levels in zip(spec.attributes, spec.levels, strict=True) if 0 < levels <= MOST_CLASSES]
    if attribute is not None and attribute not in fitting:
        what = f"{spec.name} has no such attribute of up to {MOST_CLASSES} values"
        remedy = f"Type: {key}={'|'.join(fitting)}" if fitting else "Leave it out."
        raise ConfigError([Problem(f"{key}={attribute}", what, remedy)])


def colouring(label: Tensor | None, spec: DataSpec, attribute: str | None) -> Colouring:
    """By class where the set has classes; by the attribute if one is given; else in one colour. Labels [N] or [N, K]."""
    if label is None or (attribute is None and spec.labels != "classes"):
        return Colouring(None, ())
    if attribute is None:
        return Colouring(label, spec.class_names or tuple(map(str, range(spec.classes))))
    place = spec.attributes.index(attribute)
    levels = spec.levels[place]
    names = (f"not {attribute}", attribute) if levels == 2 else tuple(f"{attribute} {k}" for k in range(levels))
    return Colouring(label[:, place].long(), names)


def uncoloured(spec: DataSpec, names: tuple[str, ...], key: str) -> str:
    """Why the points have one colour; empty if they have more. ``key``: where an attribute can be typed."""
    if len(names) > MOST_CLASSES:
        return f"one colour: {len(names)} classes, more than {MOST_CLASSES}"
    if names:
        return ""
    return f"one colour: {key}=NAME" if spec.attributes else "one colour: the set has no labels"
