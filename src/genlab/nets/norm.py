"""Norm layers by the names used in configurations."""

from __future__ import annotations

from typing import Literal

from torch import nn

VectorNorm = Literal["none", "batch", "layer"]
ImageNorm = Literal["none", "batch", "instance", "layer"]


def vector_norm(name: VectorNorm, width: int) -> list[nn.Module]:
    """The layer for vectors [B, width], if there is one."""
    layers: dict[str, type[nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    return [layers[name](width)] if name in layers else []


def image_norm(name: ImageNorm, channels: int) -> list[nn.Module]:
    """The layer for images [B, channels, H, W], if there is one; each has a weight and a bias per channel.

    ``batch`` normalises a channel over the batch, ``instance`` a channel of one image, ``layer`` all channels of one image.
    """
    if name == "batch":
        return [nn.BatchNorm2d(channels)]
    if name == "instance":
        return [nn.InstanceNorm2d(channels, affine=True)]
    return [nn.GroupNorm(1, channels)] if name == "layer" else []
