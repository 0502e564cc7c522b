"""Runs a generator on square tiles separately: little memory, but not the same result as for the whole image.

Norms use the statistics of one tile instead of the whole image, so flat and busy regions come out differently.
Overlapping tiles are blended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

SIDE, OVERLAP = 512, 64  # pixels


class InTiles(nn.Module):
    """Wraps a generator so that it runs tile by tile.

    Args:
        net: [B, C, H, W] -> [B, C', H, W].
        side: of a tile; rounded up to a multiple that the network accepts.
        overlap: pixels shared by neighbouring tiles.
        told: called with the fraction of the tiles finished since the last call.
    """

    def __init__(
        self,
        net: Any,
        side: int = SIDE,
        overlap: int = OVERLAP,
        progress: Callable[[float], object] = lambda share: None,
    ) -> None:
        super().__init__()
        self.progress = progress
        self.net, self.multiple, self.smallest = net, net.multiple, net.smallest
        self.height = getattr(net, "height", None)  # the only one it takes
        least = max(side, 2 * overlap, net.smallest)
        self.side, self.overlap = -(-least // net.multiple) * net.multiple, overlap

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', H, W]."""
        height, width = x.shape[2:]
        made = weight = torch.zeros((), dtype=x.dtype, device=x.device)
        rows = self.spans(height) if self.height is None else [(0, height)]
        squares = list(product(rows, self.spans(width)))
        for (top, bottom), (left, right) in squares:
            tile = self.net(x[:, :, top:bottom, left:right])
            if made.dim() == 0:
                made, weight = tile.new_zeros(*tile.shape[:2], height, width), tile.new_zeros(height, width)
            share = self.ramp(top, bottom, height, x)[:, None] * self.ramp(left, right, width, x)
            made[:, :, top:bottom, left:right] += tile * share
            weight[top:bottom, left:right] += share
            self.progress(1 / len(squares))
        return made / weight

    def spans(self, length: int) -> Iterator[tuple[int, int]]:
        """[begin, end) of the tiles along a side; they overlap by at least ``overlap``, and the last ends at the edge."""
        if length <= self.side:
            yield 0, length
            return
        for start in range(0, length - self.overlap, self.side - self.overlap):
            begin = min(start, length - self.side)
            yield begin, begin + self.side

    def ramp(self, begin: int, end: int, length: int, x: Tensor) -> Tensor:
        """Blending weights along a side: 1, falling towards neighbouring tiles. [end - begin]."""
        place = torch.arange(end - begin, dtype=x.dtype, device=x.device)
        before = (place + 1) / (self.overlap + 1) if begin > 0 else torch.ones_like(place)
        after = (end - begin - place) / (self.overlap + 1) if end < length else torch.ones_like(place)
        return torch.minimum(before, after).clamp(max=1)
