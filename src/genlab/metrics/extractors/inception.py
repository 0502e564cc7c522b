"""The Inception network of published FIDs: TensorFlow's of 2015, as torch-fidelity has ported it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genlab.compat import ensure_torchvision
from genlab.config.types import ResizeRule
from genlab.images import to_uint8
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.layout import load_into, state_of
from genlab.metrics.extractors.resizing import RULES
from genlab.metrics.extractors.weights import Weights

SIDE = 299
FEATURES, CLASSES = 2048, 1008
AT_ONCE = {"cpu": 8, "cuda": 128}  # images: on a CPU as many as its caches hold


class Inception(nn.Module):
    """Images [B, C, H, W] in [0, 1] -> features [B, 2048]; grey ones are repeated to three channels.

    Args:
        trunk: levels [B, 3, 299, 299] in [-1, 1) -> [B, 2048, 1, 1].
        resize: how images are brought to 299 x 299.
    """

    def __init__(self, trunk: nn.Module, resize: ResizeRule) -> None:
        super().__init__()
        self.trunk, self.resize = trunk, RULES[resize]

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] in [0, 1] -> [B, 2048]."""
        count = AT_ONCE.get(x.device.type, 32)
        return torch.cat([self.features(part) for part in to_uint8(x).split(count)])

    def features(self, levels: Tensor) -> Tensor:
        """[B, C, H, W] uint8 -> [B, 2048]."""
        x = (self.resize(levels.float(), SIDE) - 128) / 128
        x = x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        return self.trunk(x).flatten(1)


def inception(weights: Weights, resize: ResizeRule) -> Extractor:
    """The extractor, from a file of weights.

    Raises:
        ConfigError: there is no such file.
        DataError: it is another than expected.
    """
    state, trunk = state_of(weights), layers()
    head = nn.Linear(FEATURES, CLASSES, bias=False)
    load_into(head, {"weight": state.pop("fc.weight", torch.empty(0))}, weights)
    state.pop("fc.bias", None)  # Inception scores go without it
    load_into(trunk, state, weights)
    fold_norms(trunk.eval())
    net = Inception(trunk.to(memory_format=torch.channels_last), resize)  # type: ignore[call-overload]
    return Extractor(weights.name, net, FEATURES, head=head, resize=resize, digest=weights.digest)


def layers() -> nn.Sequential:
    """The layers up to the pooled features, from torch-fidelity's blocks and under its names."""
    ensure_torchvision()
    from torch_fidelity import feature_extractor_inceptionv3 as blocks

    conv: Any = blocks.BasicConv2d
    named = {
        "Conv2d_1a_3x3": conv(3, 32, kernel_size=3, stride=2),
        "Conv2d_2a_3x3": conv(32, 32, kernel_size=3),
        "Conv2d_2b_3x3": conv(32, 64, kernel_size=3, padding=1),
        "MaxPool_1": nn.MaxPool2d(3, 2),
        "Conv2d_3b_1x1": conv(64, 80, kernel_size=1),
        "Conv2d_4a_3x3": conv(80, 192, kernel_size=3),
        "MaxPool_2": nn.MaxPool2d(3, 2),
        "Mixed_5b": blocks.InceptionA(192, pool_features=32),
        "Mixed_5c": blocks.InceptionA(256, pool_features=64),
        "Mixed_5d": blocks.InceptionA(288, pool_features=64),
        "Mixed_6a": blocks.InceptionB(288),
        "Mixed_6b": blocks.InceptionC(768, channels_7x7=128),
        "Mixed_6c": blocks.InceptionC(768, channels_7x7=160),
        "Mixed_6d": blocks.InceptionC(768, channels_7x7=160),
        "Mixed_6e": blocks.InceptionC(768, channels_7x7=192),
        "Mixed_7a": blocks.InceptionD(768),
        "Mixed_7b": blocks.InceptionE_1(1280),
        "Mixed_7c": blocks.InceptionE_2(2048),
        "AvgPool": nn.AdaptiveAvgPool2d(1),
    }
    net = nn.Sequential()
    for name, layer in named.items():
        net.add_module(name, layer)
    return net


def fold_norms(net: nn.Module) -> None:
    """Multiply every batch norm into the convolution before it: the same features, in less time."""
    for block in net.modules():
        if isinstance(getattr(block, "bn", None), nn.BatchNorm2d):
            folded: Any = block
            folded.conv, folded.bn = fuse_conv_bn_eval(folded.conv, folded.bn), nn.Identity()
