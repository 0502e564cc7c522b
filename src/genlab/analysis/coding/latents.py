"""Lossy compression by a model: its codes, rounded to a grid and coded by their frequencies among training images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.coding.ans import Stack
from genlab.analysis.coding.files import EXACT, Point
from genlab.metrics.reconstruction import psnr

PRECISION = 24  # bits of a frequency
CHUNK = 250  # codes decoded at once


@dataclass(frozen=True)
class Grid:
    """Rounded codes as symbols: multiples of ``step``, coded by how often training codes had each.

    Args:
        middle: of training codes, [D].
        step: of the grid, in the unit of the code.
        first: the lowest symbol of each dimension, [D].
        starts: where each symbol's share of 2^PRECISION begins, and the end of the last, for each dimension.
    """

    middle: np.ndarray
    step: float
    first: np.ndarray
    starts: list[np.ndarray]

    @classmethod
    def fitted(cls, codes: np.ndarray, step: float) -> Grid:
        """To training codes [N, D]: a symbol counts once more than it was seen, so that none is impossible."""
        middle = codes.mean(0)
        symbols = np.rint((codes - middle) / step).astype(np.int64)
        first = symbols.min(0) - 1
        counts = [np.bincount(column, minlength=column.max() + 2) + 1 for column in (symbols - first).T]
        return cls(middle, step, first, [starts_of(one) for one in counts])

    def rounded(self, codes: np.ndarray) -> np.ndarray:
        """Symbols from 0 on, [N, D]: those beyond what training had are the outermost."""
        most = np.array([len(one) - 2 for one in self.starts])
        return np.clip(np.rint((codes - self.middle) / self.step).astype(np.int64) - self.first, 0, most)

    def values(self, symbols: np.ndarray) -> np.ndarray:
        """Codes [N, D] again."""
        return self.middle + self.step * (symbols + self.first)

    def push(self, stack: Stack, symbols: Sequence[int]) -> None:
        """Add the code of an image, [D]."""
        for symbol, starts in zip(symbols, self.starts, strict=True):
            stack.push(int(starts[symbol]), int(starts[symbol + 1] - starts[symbol]), PRECISION)

    def pop(self, stack: Stack) -> list[int]:
        """Take the newest code, [D]."""
        found = []
        for starts in reversed(self.starts):
            symbol = int(np.searchsorted(starts, stack.peek(PRECISION), "right")) - 1
            stack.drop(int(starts[symbol]), int(starts[symbol + 1] - starts[symbol]), PRECISION)
            found.append(symbol)
        return found[::-1]


def starts_of(counts: np.ndarray) -> np.ndarray:
    """Shares of 2^PRECISION in proportion to counts, none of them empty. [S] -> int64 [S + 1]."""
    ends = np.concatenate([[0], counts.cumsum() / counts.sum()])
    return np.floor(ends * (2**PRECISION - len(counts))).astype(np.int64) + np.arange(len(counts) + 1)


def coded(grid: Grid, codes: np.ndarray) -> tuple[float, np.ndarray]:
    """The bits of an image's code, the mean of a message that holds them all, and what is read from it. [N, D] -> [N, D].

    Raises:
        AssertionError: it is not what was written.
    """
    stack, symbols = Stack([0, 1]), grid.rounded(codes)
    before = stack.bits
    for one in symbols.tolist():
        grid.push(stack, one)
    bits = (stack.bits - before) / len(symbols)
    again = np.array([grid.pop(stack) for _ in symbols])[::-1]
    assert (again == symbols).all()
    return bits, grid.values(again)


def points(
    model: Any, train: Tensor, codes: Tensor, truth: Tensor, steps: Sequence[float]
) -> Iterator[tuple[Point, Tensor]]:
    """Bits and PSNR of images [N, C, H, W] in [0, 1] from their codes [N, D], at each step of the grid; and what is decoded.

    Args:
        model: decodes.
        train: codes of training images, [M, D].
        steps: in units of the training codes' spread: the root of their mean variance over dimensions.
    """
    known, own = train.double().numpy(), codes.double().numpy()
    spread = float(np.sqrt(known.var(0).mean()))
    pixels = truth.shape[-2] * truth.shape[-1]
    for step in steps:
        bits, values = coded(Grid.fitted(known, step * spread), own)
        again = decoded(model, torch.from_numpy(values))
        share = bits / pixels
        yield Point("model", step, share, share, float(psnr(truth, again).clamp(max=EXACT).mean())), again


def decoded(model: Any, codes: Tensor) -> Tensor:
    """Images of codes, on the CPU. [N, D] -> [N, C, H, W]."""
    parts = codes.to(model.device, model.weight_dtype).split(CHUNK)
    return torch.cat([model.decode(part).float().cpu() for part in parts])
