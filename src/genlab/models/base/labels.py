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
    """Whether the model's protocols need labels."""
    return bool(getattr(model, "needs", None)) and getattr(model, "conditional", True)


def for_model(model: Any, label: Tensor | None) -> dict[str, Tensor]:
    """``label`` as a keyword argument for the model's methods if it needs labels; else no argument."""
    return {"label": label} if label is not None and needs_labels(model) else {}


def label_size(spec: DataSpec) -> int:
    """The size of a label's encoding by ``encoded_labels``."""
    return spec.classes or sum(levels or 1 for levels in spec.levels)


def required_label(label: Tensor | None, spec: DataSpec) -> Tensor:
    """The label.

    Raises:
        ConfigError: there is none.
    """
    if label is None:
        raise ConfigError(f"This model needs {spec.labels} of each image. Call it with label=…, [B] or [B, K].")
    return label


def encoded_labels(label: Tensor | None, spec: DataSpec, dtype: torch.dtype) -> Tensor:
    """One-hot encoding of the class, or of each attribute's value; a continuous value as it is. [B] or [B, K] -> [B, size].

    Raises:
        ConfigError: ``label`` is None.
    """
    label = required_label(label, spec)
    if spec.classes:
        return one_hot(label, spec.classes).to(dtype)
    columns = zip(label.unbind(1), spec.levels, strict=True)
    return torch.cat(
        [one_hot(x.long(), levels).to(dtype) if levels else x[:, None].to(dtype) for x, levels in columns], 1
    )
