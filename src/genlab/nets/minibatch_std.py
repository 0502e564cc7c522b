"""What a discriminator sees of the variety in a batch: Karras et al., 2018 (arXiv:1710.10196), section 3."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class MinibatchStd(nn.Module):
    """Appends one constant plane or feature: the standard deviation over a group of images, averaged over all features.

    With N groups, group n has the images n, n + N, n + 2 N, … of the batch. If a rank's batch can be divided into groups,
    its groups are therefore those that one process would form of the batch of all ranks. Evaluation forms groups, too: the
    discriminator's validation losses depend a little on the size of the last batch.

    Args:
        group: images in a group (StyleGAN has 4); if this does not divide the batch, the greatest common divisor does.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C + 1, H, W], or [B, F] -> [B, F + 1]."""
        std = group_std(x, math.gcd(self.group, len(x))).to(x.dtype)
        return torch.cat([x, std.view(-1, *[1] * (x.ndim - 1)).expand(-1, 1, *x.shape[2:])], 1)


def group_std(x: Tensor, group: int) -> Tensor:
    """The mean over features of the standard deviation over each image's group, in float32 at least. [B, ...] -> [B]."""
    x = x.to(torch.promote_types(x.dtype, torch.float32)).flatten(1)
    groups = x.unflatten(0, (group, len(x) // group))
    std = (groups.var(0, correction=0) + 1e-8).sqrt()  # a root has no slope at 0
    return std.mean(1).repeat(group)
