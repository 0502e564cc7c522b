"""Shared by the networks of pix2pix and CycleGAN: norms by name, upsampling, weight initialisation, size checks.

The layers and their places follow the reference implementation in PyTorch of both papers' authors (Isola et al., 2017,
arXiv:1611.07004, appendix; Zhu et al., 2017, arXiv:1703.10593, appendix), so that its weights fit these networks.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.contracts import DataError

Norm = Literal["instance", "batch", "none"]
Upsample = Literal["transposed", "nearest"]
Switch = bool | Literal["auto"]  # auto: by the device


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that can normalise each image by itself, as training with a batch size of 1 does.

    While ``alone`` is set, the statistics are those of each image, and the running ones are neither used nor updated.
    """

    alone = False

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        if not self.alone:
            return super().forward(x)
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without running statistics, computed in one of two ways.

    ``grouped``: as a group norm with one channel per group, which is the same function: one operation instead of four,
    in the memory format of x, and not a view. On CUDA a group norm does not keep that format and autocast casts it to
    float32, so ``auto`` groups everywhere else.
    """

    grouped: Switch = "auto"

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W].

        If not grouped, the pixels are flattened: for [1, C, H, W], torch's backward reads a channels-last gradient as
        contiguous (torch 2.13 on a CPU), with wrong results.
        """
        if groups(self.grouped, x.device):
            return F.group_norm(x, self.num_features, self.weight, self.bias, self.eps)
        return F.instance_norm(x.flatten(2), weight=self.weight, bias=self.bias, eps=self.eps).view_as(x)


def groups(asked: Switch, device: torch.device) -> bool:
    """Whether an instance norm is computed as a group norm."""
    return device.type != "cuda" if asked == "auto" else asked


class ReflectionPad(nn.ReflectionPad2d):
    """Reflection padding that has a deterministic backward on CUDA where ``trainer.deterministic`` asks for one."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, above + H + below, left + W + right]."""
        if not torch.are_deterministic_algorithms_enabled():
            return super().forward(x)
        left, right, above, below = self.padding
        rows, columns = mirrored(x.shape[2], above, below), mirrored(x.shape[3], left, right)
        return x.index_select(2, rows.to(x.device)).index_select(3, columns.to(x.device))


def mirrored(side: int, before: int, after: int) -> Tensor:
    """Indices that pad a row of ``side`` pixels by reflection on both ends, repeatedly if needed. [before + side + after]."""
    period = max(2 * (side - 1), 1)
    place = torch.arange(-before, side + after).remainder(period)
    return torch.minimum(place, period - place) if side > 1 else torch.zeros_like(place)


def norm_layer(name: Norm, channels: int, affine: bool = False) -> nn.Module:
    """``instance`` has no running statistics, and weights if it is ``affine``; ``batch`` has both."""
    if name == "instance":
        return InstanceNorm(channels, affine=affine, track_running_stats=False)
    return BatchNorm(channels) if name == "batch" else nn.Identity()


def biased(name: Norm) -> bool:
    """Whether a convolution before the norm has a bias: not before batch norm, which has its own.

    Before an instance norm it has no effect, but the reference and its weight files have it.
    """
    return name != "batch"


def doubling(upsample: Upsample, inputs: int, outputs: int, kernel: Literal[3, 4], bias: bool) -> nn.Module:
    """A layer that doubles height and width. [B, inputs, H, W] -> [B, outputs, 2 H, 2 W].

    Args:
        upsample: ``transposed``: a transposed convolution with stride 2; ``nearest``: nearest-neighbour, then a 3x3
            convolution, which avoids checkerboards (Odena et al., 2016, distill.pub/2016/deconv-checkerboard).
        inputs: channels.
        outputs: channels.
        kernel: side of the transposed convolution's kernel.
        bias: of the convolution.
    """
    if upsample == "nearest":
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
        return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), convolution)
    return nn.ConvTranspose2d(
        inputs, outputs, kernel, stride=2, padding=1, output_padding=1 if kernel == 3 else 0, bias=bias
    )


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02) and biases 0; batch-norm weights from N(1, 0.02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def require_sides(x: Tensor, multiple: int) -> None:
    """Refuse images whose size the generator would change.

    Raises:
        DataError: a side is no multiple of ``multiple``.
    """
    height, width = x.shape[-2:]
    if height % multiple or width % multiple:
        raise DataError(
            f"the generator takes images whose sides are multiples of {multiple}, not {width}x{height}. "
            f"Type: data.preprocess=resize_and_crop data.crop_size={nearest(min(height, width), multiple)}"
        )


def require_height(x: Tensor, height: int) -> None:
    """Refuse images of another height.

    Raises:
        DataError: with both heights.
    """
    if x.shape[2] != height:
        raise DataError(f"the generator takes images of {height} rows, and this one has {int(x.shape[2])}.")


def nearest(side: int, multiple: int) -> int:
    """The multiple that is nearest to ``side``, at least one."""
    return max(1, round(side / multiple)) * multiple


def dead_biases(net: nn.Module) -> list[str]:
    """Names of the biases that a following instance norm cancels: their gradient is rounding noise."""
    found = []
    for name, module in net.named_modules():
        if isinstance(module, nn.Sequential):
            inner = list(module.named_children())
            for (key, layer), (_, following) in zip(inner, inner[1:], strict=False):
                bias = getattr(convolution_of(layer), "bias", None)  # a layer without weights has none
                if isinstance(following, nn.InstanceNorm2d) and bias is not None:
                    place = f"{key}.1" if isinstance(layer, nn.Sequential) else key
                    found.append(f"{name}.{place}.bias" if name else f"{place}.bias")
    return found


def convolution_of(layer: nn.Module) -> nn.Module:
    """The convolution in a layer that doubles the resolution, or the layer itself."""
    return layer[1] if isinstance(layer, nn.Sequential) else layer
