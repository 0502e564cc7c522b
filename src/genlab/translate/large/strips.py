"""Runs a generator on a large image in strips: the same result as for the whole image, with less memory.

Instance norm statistics (mean and variance per channel) are accumulated over all strips in float64 before the next layer
starts. Feature maps at the image's own resolution, which take most of a generator's memory, are not stored: they are
computed strip by strip, and a second time if a norm needs their statistics first. Feature maps of lower resolution are
stored as long as a later layer needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.contracts import ConfigError, Problem
from genlab.models.base.masking import Masked
from genlab.nets.blocks import BatchNorm, InstanceNorm, ReflectionPad
from genlab.nets.resnet import ResidualBlock, ResNetGenerator
from genlab.nets.unet import Level, Outermost, UNetGenerator
from genlab.translate.large.lazy_maps import (
    Convolved,
    Doubled,
    Joined,
    Kept,
    LazyMap,
    Pointwise,
    Reflected,
    Sum,
    Transposed,
)

BUDGET = 2**25  # bytes of a strip


class InStrips(nn.Module):
    """Wraps a generator: the same result up to rounding, in less memory.

    Args:
        net: [B, C, H, W] -> [B, C', H, W]; all its layers must be in ``STEPS``.
        budget: bytes per strip of one layer's output.
        told: called with the fraction of the layers finished since the last call.

    Raises:
        ConfigError: the network has unsupported layers.
    """

    def __init__(
        self, net: Any, budget: int = BUDGET, progress: Callable[[float], object] = lambda share: None
    ) -> None:
        super().__init__()
        require_known(net)
        self.net, self.budget, self.progress = net, budget, progress
        self.multiple, self.smallest = net.multiple, net.smallest

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', H, W]; no gradients."""
        with torch.no_grad():
            layers = sum(is_layer(module) for module in self.net.modules())
            walk = Walk(x.shape[2], self.budget, lambda: self.progress(1 / (layers + 1)))
            made = walk.kept(walk.step(self.net, Kept(x))).image
            self.progress(1 / (layers + 1))  # what the last layers had left for the end
            return made


def is_layer(module: nn.Module) -> bool:
    """Whether the module has no children."""
    return not any(True for _ in module.children())


def require_known(net: nn.Module) -> None:
    """Refuse a network with layers that are not in ``STEPS``.

    Raises:
        ConfigError: with the types of these layers.
    """
    strange = sorted({type(layer).__name__ for layer in net.modules() if type(layer) not in STEPS})
    if strange:
        what = f"the generator has layers that cannot be worked out in strips: {', '.join(strange)}"
        raise ConfigError([Problem("memory=strips", what, "Type: memory=direct")])


class Walk:
    """Applies a network's layers in order.

    Args:
        height: of the image; feature maps with fewer rows are stored.
        budget: bytes per strip.
        done: called after each layer.
    """

    def __init__(self, height: int, budget: int, done: Callable[[], object]) -> None:
        self.height, self.budget, self.done = height, budget, done

    def step(self, layer: nn.Module, source: LazyMap) -> LazyMap:
        """The layer's output."""
        made = STEPS[type(layer)](self, layer, source)
        if is_layer(layer):
            self.done()
        return made

    def kept(self, source: LazyMap) -> Kept:
        """Compute the whole image and store it."""
        if isinstance(source, Kept):
            return source
        image: Tensor | None = None
        for top, strip in source.strips(self.budget):
            image = strip.new_empty(source.shape) if image is None else image
            image[:, :, top : top + strip.shape[2]] = strip
        assert image is not None
        return Kept(image)

    def kept_below(self, source: LazyMap) -> LazyMap:
        """Store the feature map if it has fewer rows than the image."""
        return self.kept(source) if source.shape[2] < self.height else source

    def statistics(self, source: LazyMap) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel of each image, in float64: [B, C, 1, 1] each."""
        sums: list[Tensor] = []
        for _, strip in source.strips(self.budget):
            strip = (strip.cpu() if strip.device.type == "mps" else strip).double()  # which has no float64
            found = [strip.sum((2, 3), keepdim=True), strip.square().sum((2, 3), keepdim=True)]
            sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else found
        mean, square = (total / (source.shape[2] * source.shape[3]) for total in sums)
        return mean, (square - mean.square()).clamp(min=0)


# ---- one function for each kind of layer ------------------------------------------------------------------------------


def in_turn(walk: Walk, layers: Any, source: LazyMap) -> LazyMap:
    """``nn.Sequential``."""
    for layer in layers:
        source = walk.step(layer, source)
    return source


def inside(walk: Walk, net: Any, source: LazyMap) -> LazyMap:
    """A module that only applies its ``model``."""
    return walk.step(net.model, source)


def masked(walk: Walk, net: Any, source: LazyMap) -> LazyMap:
    """A generator with a mask as its last channel: nothing is hidden."""
    row = source.rows(0, 1)
    return walk.step(net.net, Joined(source, Kept(row.new_ones(1).expand(len(row), 1, *source.shape[2:]))))


def level(walk: Walk, net: Any, source: LazyMap) -> LazyMap:
    """One level of a U-Net: its input concatenated with the output of the lower levels."""
    return Joined(source, walk.step(net.model, source))


def block(walk: Walk, net: Any, source: LazyMap) -> LazyMap:
    """x + f(x), stored: otherwise every block would recompute all earlier ones."""
    return walk.kept(Sum(source, walk.step(net.conv_block, source)))


def convolution(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """``nn.Conv2d`` and ``nn.ConvTranspose2d``."""
    return walk.kept_below(Transposed(source, layer) if layer.transposed else Convolved(source, layer))


def instance_norm(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """Normalise each image by its own statistics, then apply the layer's affine weights, if any."""
    mean, variance = walk.statistics(source)
    return normalised(layer, source, mean, variance)


def batch_norm(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """Normalise by running statistics, or per image if the layer is set to ``alone``."""
    if layer.alone:
        return instance_norm(walk, layer, source)
    return Pointwise(source, layer)


def normalised(layer: Any, source: LazyMap, mean: Tensor, variance: Tensor) -> LazyMap:
    """(x - mean) / sqrt(variance + eps), scaled and shifted."""
    scale, shift = (variance + layer.eps).rsqrt(), torch.zeros_like(mean)
    if layer.weight is not None:
        scale, shift = scale * layer.weight.to(scale)[:, None, None], shift + layer.bias.to(shift)[:, None, None]

    def apply(x: Tensor) -> Tensor:
        return x.sub(mean.to(x)).mul_(scale.to(x)).add_(shift.to(x))

    return Pointwise(source, apply)


def dropout(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """Identity in evaluation; else applied to the whole image at once, so the draws are the same as without strips."""
    return Kept(layer(walk.kept(source).image)) if layer.training else source


def unchanged(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """``nn.Identity``."""
    return source


def activation(walk: Walk, layer: Any, source: LazyMap) -> LazyMap:
    """Never in place, even if the layer is: the rows may be a view of a stored image."""
    slope = getattr(layer, "negative_slope", 0.0)
    return Pointwise(source, torch.tanh if isinstance(layer, nn.Tanh) else partial(F.leaky_relu, negative_slope=slope))


STEPS: dict[type[nn.Module], Callable[[Walk, Any, LazyMap], LazyMap]] = {
    nn.Sequential: in_turn,
    Masked: masked,
    ResNetGenerator: inside,
    UNetGenerator: inside,
    Outermost: inside,
    Level: level,
    ResidualBlock: block,
    nn.Conv2d: convolution,
    nn.ConvTranspose2d: convolution,
    ReflectionPad: lambda walk, layer, source: Reflected(source, layer),
    nn.Upsample: lambda walk, layer, source: Doubled(source),
    InstanceNorm: instance_norm,
    BatchNorm: batch_norm,
    nn.Dropout: dropout,
    nn.ReLU: activation,
    nn.LeakyReLU: activation,
    nn.Tanh: activation,
    nn.Identity: unchanged,
}
