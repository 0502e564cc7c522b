"""Columns kept in an accelerator's memory, in the store's dtype: batches are gathered there, and only indices are copied."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import ConfigError, Problem
from genlab.data.store.columns import (
    Chosen,
    Column,
    Crop,
    Ragged,
    drop_pages,
    heights_and_widths,
    mmap_of,
    rows_in_whole,
    whole_of,
)
from genlab.data.store.source import PreparedData

OnDevice = Literal["auto"] | bool
SHARE = 0.25  # of the device's free memory, that the images may take by themselves
PIECE = 64 << 20  # bytes sent at a time


class Resident:
    """Columns on ``device``, each copied there once. Crop positions are computed on the host, as for any column."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.kept: dict[Any, Tensor] = {}

    def keep(self, column: Column) -> Tensor:
        """The column's values on the device, flattened to [values]; copied on first use."""
        flat = values_of(column)
        key = flat.__array_interface__["data"][0], flat.nbytes, flat.dtype.str
        if key not in self.kept:
            self.kept[key] = upload(flat, self.device)
            drop_pages([pages] if (pages := mmap_of(column)) is not None else [])
        return self.kept[key]

    def places(self, rows: np.ndarray) -> Tensor:
        """Integers from the host as a tensor on the device."""
        return to_device(torch.from_numpy(np.ascontiguousarray(rows)), self.device)

    def rows(self, column: np.ndarray | Chosen, rows: np.ndarray) -> Tensor:
        """The values at ``rows``. -> [B, ...]."""
        shape = whole_of(column).shape
        return self.keep(column).view(shape).index_select(0, self.places(rows_in_whole(column, rows)))

    def images(self, column: Column, rows: np.ndarray, cut: Crop | None, epoch: int, side: int) -> Tensor:
        """The same images as ``gather`` on the host, bit for bit. -> [B, C, H, W]."""
        if cut is None and not isinstance(column, Ragged):
            return self.rows(column, rows)
        flat = self.keep(column)
        if cut is None:
            assert isinstance(column, Ragged)
            if not len(rows):
                return flat.new_empty((0, *map(int, column.shapes[0])))
            whole_images = [(column.starts[row], column.shapes[row]) for row in rows]
            return torch.stack([flat[at : at + shape.prod()].view(*map(int, shape)) for at, shape in whole_images])
        heights, widths = heights_and_widths(column, rows)
        channels = int(column.shapes[0, 0] if isinstance(column, Ragged) else column.shape[1])
        top, left = cut.corners(column, rows, epoch, side)
        size = channels * heights * widths
        starts = column.starts[rows] if isinstance(column, Ragged) else rows_in_whole(column, rows) * size
        where = np.stack([starts + top * widths + left, heights * widths, widths])
        return gather_crops(flat, self.places(where), (channels, *cut.size))


def gather_crops(flat: Tensor, where: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Crops of one shape from concatenated images. -> [B, *shape].

    Args:
        flat: [values].
        where: int64 [3, B]: the offset of each crop, and the strides of its channels and rows.
        shape: C, H, W of the crops.
    """
    start, plane, line = where[:, :, None, None, None]
    channel, row, column = (torch.arange(count, device=flat.device) for count in shape)
    return flat[start + channel[:, None, None] * plane + row[:, None] * line + column]


def values_of(column: Column) -> np.ndarray:
    """A column's values, flattened; for ``Ragged``, up to the end of its last image."""
    if not isinstance(column, Ragged):
        return np.ascontiguousarray(whole_of(column)).reshape(-1)
    return np.asarray(column.flat)[: column.starts[-1] + column.shapes[-1].prod() if len(column) else 0]


def upload(flat: np.ndarray, device: torch.device) -> Tensor:
    """Copy an array to the device in pieces; it may be a memory map larger than host memory."""
    there = torch.empty(len(flat), dtype=torch.from_numpy(flat[:0].copy()).dtype, device=device)
    step = PIECE // flat.itemsize
    for start in range(0, len(flat), step):
        there[start : start + step] = torch.from_numpy(flat[start : start + step].copy()).to(device)
    return there


def to_device(x: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to the device; to a GPU from pinned memory, since a copy from pageable memory blocks the host."""
    return pin(x).to(device, non_blocking=True) if device.type == "cuda" else x.to(device)


def pin(x: Tensor) -> Tensor:
    """A CPU tensor in pinned memory; any other tensor unchanged."""
    return x.pin_memory() if x.device.type == "cpu" and not x.is_pinned() else x


# ---- whether ---------------------------------------------------------------------------------------------------------


def size_of(prepared: PreparedData) -> int:
    """Bytes of all columns of all splits; a column shared by two splits counts once."""
    flats = [values_of(column) for part in prepared.columns.values() for column in part.values()]
    return sum({flat.__array_interface__["data"][0]: flat.nbytes for flat in flats}.values())


def free_memory(device: torch.device) -> int:
    """Bytes of free memory on a CUDA or MPS device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


def require_possible(asked: OnDevice, device: torch.device) -> None:
    """Refuse ``data.on_device=true`` on a CPU.

    Raises:
        ConfigError: it was set on a CPU.
    """
    if asked is True and device.type == "cpu":
        what = "this run computes on a CPU, without an accelerator"
        raise ConfigError([Problem("data.on_device=true", what, "Type: data.on_device=auto")])


def is_resident(asked: OnDevice, size: int, device: torch.device) -> bool:
    """Whether to keep ``size`` bytes of images on ``device``; never on a CPU.

    Raises:
        ConfigError: ``data.on_device=true``, but they do not fit, or the device is a CPU.
    """
    require_possible(asked, device)
    if asked is False or device.type == "cpu":
        return False
    free = free_memory(device)
    if asked is True and size > free:
        what = f"the images take {size >> 20:,} MiB, and {device} has {free >> 20:,} MiB left"
        raise ConfigError([Problem("data.on_device=true", what, "Type: data.on_device=auto")])
    return asked is True or size <= SHARE * free


def where_images_lie(lies: bool, size: int, device: torch.device) -> str:
    """Phrase for messages that says where the images are and how large; empty on a CPU."""
    if device.type == "cpu":
        return ""
    return f"; images {'there' if lies else 'on the host'}: {size / 2**20:,.1f} MiB"
