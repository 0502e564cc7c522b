"""Labels as model inputs: which ones a model needs, and their encoding for a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from genlab.contracts import ConfigError, DataSpec, LabelKind


def require_labelled(name: str, needs: tuple[LabelKind, ...], spec: DataSpec) -> None:
    """Refuse a set without the labels that the model ``name`` needs.

    Raises:
        ConfigError: it has others, or none.
    """
    if needs and spec.labels not in needs:
        what = f"{name} needs {' or '.join(needs)}, and {spec.name} has {spec.labels or 'no labels'}"
        raise ConfigError(f"{what}. Choose a set that has them: data=…")


def needs_labels(model: Any) -> bool:
    """Whether the model needs labels."""
    return bool(getattr(model, "needs", None))


def for_model(model: Any, label: Tensor | None) -> dict[str, Tensor]:
    """``label`` as a keyword argument for the model's methods if it needs labels; else no argument."""
    return {"label": label} if label is not None and needs_labels(model) else {}


def label_size(spec: DataSpec) -> int:
    """The size of a label's encoding by ``one_hot_labels``."""
    return spec.classes or sum(spec.levels)


def one_hot_labels(label: Tensor | None, spec: DataSpec, dtype: torch.dtype) -> Tensor:
    """One-hot encoding of the class, or of each attribute's value. [B] or [B, K] -> [B, size].

    Raises:
        ConfigError: ``label`` is None.
    """
    if label is None:
        raise ConfigError(f"This model needs {spec.labels} of each image. Call it with label=…, [B] or [B, K].")
    if spec.classes:
        return one_hot(label, spec.classes).to(dtype)
    columns = [one_hot(column, levels) for column, levels in zip(label.unbind(1), spec.levels, strict=True)]
    return torch.cat(columns, 1).to(dtype)
