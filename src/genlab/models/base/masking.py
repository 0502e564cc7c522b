"""Columns of a generator's input that are hidden in training, for it to fill in.

Kaneko et al., 2021, "MaskCycleGAN-VC: Learning Non-parallel Voice Conversion with Filling in Frames" (arXiv:2102.12841),
section 3. A loss that compares with the whole image then asks for what was hidden, too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from genlab.models.base.noise import Noise
from genlab.models.base.translation import GeneratorNet


class ColumnMasks:
    """Hides neighbouring columns at a random place, and tells the generator which by one channel more: 1 seen, 0 hidden.

    From none of W columns to the ``largest`` share of them, every number alike; then every place where so many are, alike.

    Args:
        largest: share of the columns; 0: nothing is hidden, and images and networks stay as they are.
    """

    def __init__(self, largest: float) -> None:
        self.largest = largest

    def family(self, family: GeneratorNet) -> GeneratorNet:
        """The family, its networks with one more channel to see."""
        return MaskedFamily(family) if self.largest > 0 else family

    def hide(self, x: Tensor, noise: Noise, purpose: str) -> Tensor:
        """Images with 0 for what is hidden, and the mask. [B, C, H, W] -> [B, C + 1, H, W].

        Args:
            x: in [-1, 1].
            noise: of the batch.
            purpose: part of the key of the random draws.
        """
        if self.largest == 0:
            return x
        draw = noise.uniform(f"mask_{purpose}", len(x), 2)
        seen = (~hidden(x.shape[3], self.largest, draw))[:, None, None, :].to(x)
        return torch.cat([x * seen, seen.expand(-1, 1, x.shape[2], -1)], 1)

    def whole(self, x: Tensor) -> Tensor:
        """Images of which nothing is hidden, and their mask. [B, C, H, W] -> [B, C + 1, H, W]."""
        return x if self.largest == 0 else with_ones(x)


class MaskedFamily:
    """Generators of a family that are told what of their input is hidden."""

    def __init__(self, family: GeneratorNet) -> None:
        self.inner = family

    def generator(self, inputs: int, outputs: int) -> Masked:
        """[B, inputs, H, W], all of it seen, or [B, inputs + 1, H, W] -> [B, outputs, H, W]."""
        return Masked(self.inner.generator(inputs + 1, outputs), inputs)


class Masked(nn.Module):
    """A generator with a mask as its last channel; an image without one is seen as a whole.

    Its limits on the sides of images are those of ``net``.
    """

    def __init__(self, net: Any, inputs: int) -> None:
        super().__init__()
        self.net, self.inputs = net, inputs
        self.multiple, self.smallest, self.height = net.multiple, net.smallest, getattr(net, "height", None)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] or [B, inputs + 1, H, W] -> [B, outputs, H, W]."""
        made: Tensor = self.net(with_ones(x) if x.shape[1] == self.inputs else x)
        return made


def with_ones(x: Tensor) -> Tensor:
    """One more channel, of ones. [B, C, H, W] -> [B, C + 1, H, W]."""
    return torch.cat([x, torch.ones_like(x[:, :1])], 1)


def hidden(columns: int, largest: float, draw: Tensor) -> Tensor:
    """Which columns of each image are hidden, bool [B, columns].

    Args:
        columns: W.
        largest: share of them that may be hidden.
        draw: uniform in [0, 1), [B, 2]: how many, and from where.
    """
    count = (draw[:, 0] * (int(largest * columns) + 1)).floor()
    start = (draw[:, 1] * (columns - count + 1)).floor()
    place = torch.arange(columns, device=draw.device)
    return (place >= start[:, None]) & (place < (start + count)[:, None])
