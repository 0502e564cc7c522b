"""The page of a traversal: a row of images for each dimension of a code, with its number, below the values it takes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from genlab.contracts import CodePart
from genlab.figures import FAINT, INK, LETTER, LINE, MARGIN, Words, printed
from genlab.images import from_uint8, grid, to_uint8, widened

LEAST = 40  # pixels of an image's shorter side on the page: less has no room for words
MOST = 128  # more is for the files
GAP = 2  # pixels between images
LONGEST = 20  # letters of the name of a dimension


def varied(code: Tensor, unit: int, values: Tensor) -> Tensor:
    """Copies of a code [D] in which one dimension has the values [n]. -> [n, D]."""
    z = code.repeat(len(values), 1)
    z[:, unit] = values
    return z


def traversal_sheet(shown: Tensor, title: str, values: Sequence[float], parts: Iterable[CodePart]) -> Tensor:
    """Images [R * len(values), C, H, W] of the first R dimensions, each part of the code below its title: [C, H', W']."""
    rows = fitted(widened(shown, 3)).unflatten(0, (-1, len(values)))  # [R, T, 3, H, W]
    named = [(part.title, rows[first:last], names) for part, first, last, names in spans(parts, len(rows))]
    left = MARGIN + int(LETTER * max(len(name) for _, _, names in named for name in names)) + LINE
    wide = left + len(values) * (rows.shape[-1] + GAP) + MARGIN
    lines = textwrap.wrap(title, int((wide - 2 * MARGIN) / LETTER))
    words: Words = [(MARGIN, MARGIN + i * LINE, line, 9, INK) for i, line in enumerate(lines)]
    bands, top = [], MARGIN + (len(lines) + 1) * LINE
    for heading, own, names in named:
        words += [(MARGIN, top, heading, 9, FAINT)] if heading else []
        top += 2 * LINE + GAP if heading else LINE
        words += header(values, left, top - LINE, rows.shape[-1] + GAP)
        words += [(MARGIN, top + y, name, 8, INK) for y, name in zip(middles(own), names, strict=True)]
        bands.append((top, band(own, left, wide)))
        top += len(bands[-1][1]) + LINE
    page = torch.from_numpy(printed(bands, words, top)).permute(2, 0, 1)
    return from_uint8(page[: shown.shape[1]])  # words are grey: so is a page of grey images, and its file a smaller one


def fitted(images: Tensor) -> Tensor:
    """Enlarge small images by a whole factor to ``LEAST``, and reduce large ones to ``MOST``; by the shorter side."""
    side = min(images.shape[-2:])
    if side > MOST:
        size = [round(length * MOST / side) for length in images.shape[-2:]]
        return interpolate(images.float(), size, mode="bilinear", antialias=True)
    times = -(-LEAST // side)
    return images.repeat_interleave(times, -2).repeat_interleave(times, -1)


def spans(parts: Iterable[CodePart], count: int) -> Iterator[tuple[CodePart, int, int, list[str]]]:
    """The parts that the first ``count`` dimensions reach into: where each begins and ends, and its rows' names.

    Dimensions are numbered from 0 through the whole code, as in ``tables/kl_by_dimension.csv``.
    """
    first = 0
    for part in parts:
        last = min(first + part.size, count)
        if first < last:
            names = part.names[: last - first] or [""] * (last - first)
            yield part, first, last, [named(first + i, name) for i, name in enumerate(names)]
        first = last


def named(number: int, name: str) -> str:
    """A dimension in words; digits are called by their number already."""
    name = textwrap.shorten(name, LONGEST, placeholder="…")
    return f"{number} {name}" if name not in ("", str(number)) else str(number)


def header(values: Sequence[float], left: int, top: int, pitch: int) -> Words:
    """The values above their columns."""
    texts = (f"{value:.2f}".replace("-", "−") for value in values)
    return [(left + i * pitch, top, text, 8, FAINT) for i, text in enumerate(texts)]


def middles(rows: Tensor) -> list[int]:
    """Where a line of words begins that stands at the middle of a row of images [R, T, 3, H, W], from the first on."""
    high = rows.shape[-2]
    return [GAP + i * (high + GAP) + (high - LINE) // 2 for i in range(len(rows))]


def band(rows: Tensor, left: int, wide: int) -> np.ndarray:
    """Rows of images [R, T, 3, H, W] from ``left`` on, on white: uint8 [H', wide, 3]."""
    laid = to_uint8(grid(rows.flatten(0, 1), rows.shape[1], GAP)).permute(1, 2, 0).numpy()
    made = np.full((len(laid), wide, 3), 255, np.uint8)
    made[:, left - GAP : left - GAP + laid.shape[1]] = laid
    return made
