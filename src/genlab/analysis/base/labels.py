"""Labels as columns of what is true of an image or not."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.contracts import ConfigError, DataSpec, Problem


def yes_or_no(spec: DataSpec) -> list[str]:
    """What can be true of an image or not: attributes of two values, or of a set of classes each class."""
    if spec.classes:
        return list(spec.class_names) or [str(k) for k in range(spec.classes)]
    return [name for name, levels in zip(spec.attributes, spec.levels, strict=True) if levels == 2]


def told(spec: DataSpec, label: Tensor) -> Tensor:
    """Whether each of ``yes_or_no`` is true of each image. [N] or [N, K] -> bool [N, A]."""
    if spec.classes:
        return label[:, None] == torch.arange(spec.classes)
    return label[:, [k for k, levels in enumerate(spec.levels) if levels == 2]] == 1


def require_labels(subject: Subject, what: str) -> list[str]:
    """The names of ``yes_or_no``.

    Raises:
        ConfigError: the set has no labels, or none of two values.
    """
    spec = subject.loaded.spec
    if names := yes_or_no(spec):
        return names
    said = "has no labels" if spec.labels is None else "has no attribute that is true or not"
    sets = "data=celeba, or data=mnist whose classes do as well"
    raise ConfigError([Problem(f"what={what}", f"{spec.name} {said}", f"Give a run on a set that has them: {sets}")])
