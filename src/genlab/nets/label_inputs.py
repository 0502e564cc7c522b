"""How the networks of a GAN take labels y [B, K], one-hot classes or values of attributes.

A generator has y beside z (Mirza and Osindero, 2014, arXiv:1411.1784) or in its batch norms. A discriminator has it as a
part of its input, or projects its features on it (Miyato and Koyama, 2018, arXiv:1802.05637).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def beside(x: Tensor, y: Tensor | None) -> Tensor:
    """[B, D] and [B, K] -> [B, D + K]; a linear layer on it holds an embedding of y."""
    return x if y is None else torch.cat([x, y], 1)


class LabelPlane(nn.Module):
    """One more plane beside an image: a linear map of y."""

    def __init__(self, labels: int, side: int) -> None:
        super().__init__()
        self.linear = nn.Linear(labels, side * side, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[B, C, H, W] and [B, K] -> [B, C + 1, H, W]."""
        return torch.cat([x, self.linear(y).unflatten(1, (1, *x.shape[2:]))], 1)


class Projection(nn.Module):
    """<V y, h>, what a projection discriminator adds to its logit of the features h (eq. 3)."""

    def __init__(self, labels: int, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(labels, features, bias=False)

    def forward(self, h: Tensor, y: Tensor) -> Tensor:
        """Features [B, F] or [B, F, H, W], which are summed over the pixels, and [B, K] -> [B]."""
        h = h if h.ndim == 2 else h.sum((2, 3))
        return (self.linear(y) * h).sum(1)


class ConditionalBatchNorm(nn.Module):
    """Batch norm of which gain and bias are linear in y and begin at 1 and 0 (Dumoulin et al., 2017, arXiv:1610.07629)."""

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = (nn.Linear(labels, channels, bias=False) for _ in range(2))
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[B, C, H, W] and [B, K] -> [B, C, H, W]."""
        gain, bias = (layer(y)[:, :, None, None] for layer in (self.gain, self.bias))
        return self.norm(x) * (1 + gain) + bias
