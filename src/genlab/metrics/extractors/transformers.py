"""Vision transformers of timm as extractors: DINOv2, for FD-DINOv2, and the image tower of CLIP, for CMMD."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.compat import ensure_torchvision
from genlab.images import to_uint8
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.layout import State, load_into, state_of
from genlab.metrics.extractors.resizing import pillow_bicubic
from genlab.metrics.extractors.weights import Weights

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
ARCHITECTURES = {"dinov2": "vit_large_patch14_dinov2", "dinov2_base": "vit_base_patch14_dinov2"}
OFFSET = 0.1  # DINOv2's, in the scale by which it stretches its positions
AT_ONCE = {"cpu": 8, "cuda": 64}  # images


class Transformer(nn.Module):
    """Images [B, C, H, W] in [0, 1] -> features [B, d]; grey ones are repeated to three channels.

    Args:
        net: normalised images [B, 3, side, side] -> [B, d].
        side: pixels that images are resized to, by Pillow's bicubic on bytes.
        mean, std: of the channels, by which the network's images are normalised.
        unit: whether the features are divided by their length.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, side: int, mean: tuple[float, ...], std: tuple[float, ...], unit: bool) -> None:
        super().__init__()
        self.net, self.side, self.unit = net, side, unit
        self.register_buffer("mean", torch.tensor(mean).reshape(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] in [0, 1] -> [B, d]."""
        levels = to_uint8(x).expand(-1, 3, -1, -1)
        return torch.cat([self.features(part) for part in levels.split(AT_ONCE.get(x.device.type, 8))])

    def features(self, levels: Tensor) -> Tensor:
        """[B, 3, H, W] uint8 -> [B, d]."""
        x = (pillow_bicubic(levels, self.side).float() / 255 - self.mean) / self.std
        features: Tensor = self.net(x)
        return F.normalize(features, dim=1) if self.unit else features


def dinov2(weights: Weights) -> Extractor:
    """DINOv2 (Oquab et al. 2023, arXiv 2304.07193): the class token after the last norm, as in FD-DINOv2 (2306.04675).

    ``dinov2`` is ViT-L/14, ``dinov2_base`` ViT-B/14, both without registers, at 224 pixels.

    Raises:
        ConfigError: there is no such file.
        DataError: it is another than expected.
    """
    net = timms(ARCHITECTURES[weights.network], img_size=224, num_classes=0)
    state = state_of(weights)
    state.pop("mask_token", None)  # of its training
    if "pos_embed" in state:
        state["pos_embed"] = stretched(state["pos_embed"], 224 // 14)
    return extractor_of(weights, net, state, Transformer(net, 224, *IMAGENET, unit=False))


def clip(weights: Weights) -> Extractor:
    """CLIP's image tower (Radford et al. 2021, arXiv 2103.00020), ViT-L/14 at 336 pixels, as in CMMD (2401.09603).

    Its 768 projected features have length 1. In timm's layout or OpenAI's, which open_clip has.

    Raises:
        ConfigError: there is no such file.
        DataError: it is another than expected.
    """
    net = timms("vit_large_patch14_clip_quickgelu_336", num_classes=768)
    from timm.models.vision_transformer import checkpoint_filter_fn

    state = checkpoint_filter_fn(state_of(weights), net)  # type: ignore[arg-type]
    return extractor_of(weights, net, state, Transformer(net, 336, *CLIP, unit=True))


def timms(architecture: str, **options: Any) -> nn.Module:
    """A network of timm, its weights still to come."""
    ensure_torchvision()
    import timm

    with torch.random.fork_rng(devices=[]):
        net: nn.Module = timm.create_model(architecture, pretrained=False, **options)
    return net.eval()


def extractor_of(weights: Weights, net: Any, state: State, transformer: Transformer) -> Extractor:
    """The extractor, with its weights."""
    load_into(net, state, weights)
    features = net.num_classes or net.num_features
    return Extractor(weights.name, transformer, features, channels=3, digest=weights.digest)


def stretched(positions: Tensor, side: int) -> Tensor:
    """DINOv2's positions [1, 1 + n^2, d] for ``side`` patches a side: [1, 1 + side^2, d], as its own code makes them.

    By bicubic interpolation without antialiasing, by (side + 0.1) / n: timm's own rule gives other features.
    """
    token, grid = positions[:, :1], positions[:, 1:]
    n = math.isqrt(grid.shape[1])
    if n == side:
        return positions
    square = grid.reshape(1, n, n, -1).permute(0, 3, 1, 2)
    square = F.interpolate(square, scale_factor=(side + OFFSET) / n, mode="bicubic", antialias=False)
    return torch.cat([token, square.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)
