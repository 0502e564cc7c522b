"""Columns of a store, with images of equal or varying size, and gathering the (cropped) rows of a batch from them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np

from genlab.random import below

TOP, LEFT = 2, 3  # the purposes that keyed numbers are drawn for
LARGE = 64 << 10  # bytes of a row from which its pages are cheaper to map again than to keep


@dataclass(frozen=True)
class Ragged:
    """Images of different sizes, concatenated: ``flat`` [values], ``shapes`` int64 [N, 3] (C, H, W).

    ``starts``: offset of each image in ``flat``, int64 [N].
    """

    flat: np.ndarray
    shapes: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, flat: np.ndarray, shapes: np.ndarray) -> Ragged:
        """Compute ``starts`` from the shapes."""
        ends = np.cumsum(shapes.prod(1))
        return cls(flat, shapes, np.concatenate([[0], ends[:-1]]))

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, place: int) -> np.ndarray:
        """One image, [C, H, W]."""
        shape, start = self.shapes[place], self.starts[place]
        return self.flat[start : start + shape.prod()].reshape(shape)

    def first(self, count: int) -> Ragged:
        """The first ``count`` images."""
        return Ragged(self.flat, self.shapes[:count], self.starts[:count])


@dataclass(frozen=True)
class Chosen:
    """Some rows of a column, in order and without a copy. ``whole``: [M, ...]; ``rows``: int64 [N], their numbers in it."""

    whole: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> np.ndarray:
        """The row at a place, or an array of those at several."""
        return self.whole[self.rows[place]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them, as a copy in memory."""
        return np.asarray(self[:], dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, ...]."""
        return (len(self.rows), *self.whole.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self.whole.dtype

    def first(self, count: int) -> Chosen:
        """The first ``count`` rows."""
        return Chosen(self.whole, self.rows[:count])


Column = np.ndarray | Ragged | Chosen


def first(column: Column, count: int) -> Column:
    """The first ``count`` rows of a column."""
    return column[:count] if isinstance(column, np.ndarray) else column.first(count)


def whole_of(column: Column) -> np.ndarray:
    """The array that a column's values lie in."""
    return column if isinstance(column, np.ndarray) else column.flat if isinstance(column, Ragged) else column.whole


def rows_in_whole(column: Column, rows: np.ndarray) -> np.ndarray:
    """The numbers, in ``whole_of(column)``, of the rows of a column of images of one size. int64 [B] -> [B]."""
    return column.rows[rows] if isinstance(column, Chosen) else rows


def heights_and_widths(column: Column, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths of the images at ``rows``, int64 [B] each."""
    if isinstance(column, Ragged):
        return column.shapes[rows, 1], column.shapes[rows, 2]
    return np.full(len(rows), column.shape[2]), np.full(len(rows), column.shape[3])


def mmap_of(column: Column) -> mmap.mmap | None:
    """The memory map behind a column with rows of at least ``LARGE`` bytes; None for smaller rows or arrays in memory."""
    flat: object = whole_of(column)
    if not len(column) or column[0].nbytes < LARGE:
        return None
    while isinstance(flat, np.ndarray):
        flat = flat.base
    return flat if isinstance(flat, mmap.mmap) else None


def drop_pages(maps: list[mmap.mmap]) -> None:
    """Drop mapped pages (MADV_DONTNEED): they stay in the page cache but leave this process's resident set.

    Cluster schedulers limit the resident set, which would otherwise grow to the size of the store.
    """
    if hasattr(mmap, "MADV_DONTNEED"):
        for pages in maps:
            pages.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class Crop:
    """The crop taken from each image: ``size`` (H, W), at a position keyed by seed, epoch and row if ``random``, else centred.

    ``side``: 0 or 1 for the two unpaired domains, which draw independently; both images of a pair use 0 and the same crop.
    """

    size: tuple[int, int]
    seed: int = 0
    random: bool = False

    def corners(self, column: Column, rows: np.ndarray, epoch: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Top and left of the crop of each row, int64 [B] each."""
        heights, widths = heights_and_widths(column, rows)
        free = heights - self.size[0], widths - self.size[1]
        if not self.random:
            return free[0] // 2, free[1] // 2
        top = below(free[0] + 1, rows, self.seed, epoch, TOP + 100 * side)
        return top, below(free[1] + 1, rows, self.seed, epoch, LEFT + 100 * side)


def gather(column: Column, rows: np.ndarray, cut: Crop | None = None, epoch: int = 0, side: int = 0) -> np.ndarray:
    """The images at ``rows``, cropped to ``cut``. -> [B, C, H, W] in the column's dtype."""
    if cut is None:
        return whole_images(column, rows) if isinstance(column, Ragged) else column[rows]
    height, width = cut.size
    channels = column.shapes[0, 0] if isinstance(column, Ragged) else column.shape[1]
    batch = np.empty((len(rows), channels, height, width), whole_of(column).dtype)
    for i, (row, top, left) in enumerate(zip(rows, *cut.corners(column, rows, epoch, side), strict=True)):
        batch[i] = column[row][:, top : top + height, left : left + width]
    return batch


def whole_images(column: Ragged, rows: np.ndarray) -> np.ndarray:
    """The images at ``rows``, all of one size; none, of the smaller of two domains once it is used up. -> [B, C, H, W]."""
    if not len(rows):
        return np.empty((0, *column.shapes[0]), column.flat.dtype)
    return np.stack([column[row] for row in rows])
