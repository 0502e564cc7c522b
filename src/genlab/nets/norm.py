"""Norm layers of vectors by the names used in configurations."""

from __future__ import annotations

from typing import Literal

from torch import nn

VectorNorm = Literal["none", "batch", "layer"]


def vector_norm(name: VectorNorm, width: int) -> list[nn.Module]:
    """The layer for vectors [B, width], if there is one."""
    layers: dict[str, type[nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    return [layers[name](width)] if name in layers else []
