"""Lazy feature maps: the rows of a layer's output are computed when they are requested, and not stored.

In every class ``rows(top, bottom)`` returns the same rows as the layer applied to the whole image, and requests the rows
it needs from its source: a convolution those that its kernel covers, reflection padding the mirrored ones.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shape = tuple[int, int, int, int]


class LazyMap(ABC):
    """An image [B, C, H, W]: ``shape`` is known before anything is worked out. ``sources``: what it is worked out from."""

    def __init__(self, shape: Shape, *sources: LazyMap) -> None:
        self.shape, self.sources = shape, sources

    @abstractmethod
    def rows(self, top: int, bottom: int) -> Tensor:
        """Rows ``top`` to ``bottom`` - 1, all of them inside the image: [B, C, bottom - top, W]."""

    def largest(self) -> int:
        """Numbers in this image, or in the largest that is worked out on the way to it."""
        return max(math.prod(self.shape), *(source.largest() for source in self.sources if source.sources), 0)

    def strips(self, budget: int) -> Iterator[tuple[int, Tensor]]:
        """From the top down in strips, with each one's first row.

        Args:
            budget: about the bytes of the largest image that is worked out for a strip; a strip has at least one row.
        """
        height = self.shape[2]
        step = max(1, budget * height // (4 * self.largest()))
        for top in range(0, height, step):
            yield top, self.rows(top, min(top + step, height))


class Kept(LazyMap):
    """An image in memory."""

    def __init__(self, image: Tensor) -> None:
        batch, channels, height, width = image.shape
        super().__init__((batch, channels, height, width))
        self.image = image

    def rows(self, top: int, bottom: int) -> Tensor:
        """A view; do not modify it."""
        return self.image[:, :, top:bottom]


class Pointwise(LazyMap):
    """A function applied to each pixel separately."""

    def __init__(self, source: LazyMap, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__(source.shape, source)
        self.source, self.function = source, function

    def rows(self, top: int, bottom: int) -> Tensor:
        """The function applied to the source's rows."""
        return self.function(self.source.rows(top, bottom))


class Sum(LazyMap):
    """a + b."""

    def __init__(self, a: LazyMap, b: LazyMap) -> None:
        super().__init__(a.shape, a, b)
        self.a, self.b = a, b

    def rows(self, top: int, bottom: int) -> Tensor:
        """The sum of both sources' rows."""
        return self.a.rows(top, bottom) + self.b.rows(top, bottom)


class Joined(LazyMap):
    """Concatenation of a and b along the channels."""

    def __init__(self, a: LazyMap, b: LazyMap) -> None:
        batch, channels, height, width = a.shape
        super().__init__((batch, channels + b.shape[1], height, width), a, b)
        self.a, self.b = a, b

    def rows(self, top: int, bottom: int) -> Tensor:
        """The concatenation of both sources' rows."""
        return torch.cat([self.a.rows(top, bottom), self.b.rows(top, bottom)], 1)


class Reflected(LazyMap):
    """``nn.ReflectionPad2d``."""

    def __init__(self, source: LazyMap, layer: nn.ReflectionPad2d) -> None:
        batch, channels, height, width = source.shape
        self.left, self.right, self.above, below = layer.padding
        super().__init__((batch, channels, self.above + height + below, self.left + width + self.right), source)
        self.source = source

    def rows(self, top: int, bottom: int) -> Tensor:
        """Rows outside the source are mirrored at its edge."""
        last = self.source.shape[2] - 1
        places = torch.arange(top - self.above, bottom - self.above).abs()
        places = last - (last - places).abs()
        first = int(places.min())
        found = self.source.rows(first, int(places.max()) + 1)
        found = found.index_select(2, (places - first).to(found.device))
        return F.pad(found, (self.left, self.right, 0, 0), mode="reflect")


class Doubled(LazyMap):
    """``nn.Upsample`` to twice the size, nearest neighbour."""

    def __init__(self, source: LazyMap) -> None:
        batch, channels, height, width = source.shape
        super().__init__((batch, channels, 2 * height, 2 * width), source)
        self.source = source

    def rows(self, top: int, bottom: int) -> Tensor:
        """Upsample the source rows that cover the request, and crop."""
        first = top // 2
        made = F.interpolate(self.source.rows(first, (bottom + 1) // 2), scale_factor=2.0, mode="nearest")
        return made[:, :, top - 2 * first : bottom - 2 * first]


class Convolved(LazyMap):
    """``nn.Conv2d`` with zero padding."""

    def __init__(self, source: LazyMap, layer: nn.Conv2d) -> None:
        height, width = (
            (side + 2 * int(layer.padding[i]) - layer.kernel_size[i]) // layer.stride[i] + 1
            for i, side in enumerate(source.shape[2:])
        )
        super().__init__((source.shape[0], layer.out_channels, height, width), source)
        self.source, self.layer = source, layer
        self.kernel, self.stride, self.around = layer.kernel_size[0], layer.stride[0], int(layer.padding[0])

    def rows(self, top: int, bottom: int) -> Tensor:
        """Convolve the source rows that the kernel covers; zero padding only at the image's edges."""
        height = self.source.shape[2]
        first = top * self.stride - self.around
        end = (bottom - 1) * self.stride - self.around + self.kernel
        found = self.source.rows(max(first, 0), min(end, height))
        if first < 0 or end > height:
            found = F.pad(found, (0, 0, max(-first, 0), max(end - height, 0)))
        layer = self.layer
        return F.conv2d(found, layer.weight, layer.bias, layer.stride, (0, int(layer.padding[1])))


class Transposed(LazyMap):
    """``nn.ConvTranspose2d``; its stride must not exceed the kernel height, so every output row has a source."""

    def __init__(self, source: LazyMap, layer: nn.ConvTranspose2d) -> None:
        height, width = (
            (side - 1) * layer.stride[i] - 2 * int(layer.padding[i]) + layer.kernel_size[i] + layer.output_padding[i]
            for i, side in enumerate(source.shape[2:])
        )
        super().__init__((source.shape[0], layer.out_channels, height, width), source)
        self.source, self.layer = source, layer

    def rows(self, top: int, bottom: int) -> Tensor:
        """Transpose-convolve all source rows that contribute, and crop."""
        layer, height = self.layer, self.source.shape[2]
        kernel, stride, around = layer.kernel_size[0], layer.stride[0], int(layer.padding[0])
        first = max(-((kernel - 1 - top - around) // stride), 0)
        end = min((bottom - 1 + around) // stride + 1, height)
        aside, more = (0, int(layer.padding[1])), layer.output_padding
        found = self.source.rows(first, end)
        made = F.conv_transpose2d(found, layer.weight, layer.bias, layer.stride, aside, (more[0], more[1]))
        start = top + around - first * stride
        return made[:, :, start : start + bottom - top]
