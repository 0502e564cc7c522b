"""The page of a traversal report: a row a dimension, its weight as a bar, its images, and where it moves things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.page import cell, head, stacked
from genlab.analysis.traversals.ranked import ACTIVE, Dimension
from genlab.analysis.traversals.sheet import fitted, header
from genlab.figures import FAINT, INK, LINE, MARGIN, Words, printed
from genlab.images import to_uint8, widened

GAP = 2  # pixels between images
BAR, NUMBER, ROOM = 110, 36, 170  # pixels: of the longest bar, for a dimension's number, for words at the right
TINT = np.array([68, 119, 170], np.uint8)  # of the bars


def report(title: str, lines: Sequence[str], rows: Sequence[Dimension], values: Sequence[float], unit: str) -> Tensor:
    """The page, [3, H, W] in [0, 1]. ``values``: of the columns; ``unit``: of the weights."""
    strips = [fitted(widened(one.images, 3)) for one in rows]
    high, wide = strips[0].shape[-2] + GAP, strips[0].shape[-1] + GAP
    left = MARGIN + NUMBER + BAR + 70
    there = left + len(values) * wide + 16  # where the map of changes begins
    top = 3 * LINE
    words: Words = [(MARGIN, top - LINE, unit, 8, FAINT), (there, top - LINE, "where", 8, FAINT)]
    words += header(values, left, top - LINE, wide)
    bands: list[tuple[int, np.ndarray]] = []
    canvas = np.full((len(rows) * high, there + wide + ROOM, 3), 255, np.uint8)
    longest, brightest = max(one.weight for one in rows), max(float(one.where.max()) for one in rows)
    for i, (one, strip) in enumerate(zip(rows, strips, strict=True)):
        y, middle = i * high, i * high + high // 2
        length = round(BAR * one.weight / max(longest, 1e-12))
        canvas[middle - 6 : middle + 6, MARGIN + NUMBER : MARGIN + NUMBER + length] = TINT
        for j, image in enumerate(strip):
            place(canvas, cell(image), y, left + j * wide)
        place(canvas, heat(one.where, brightest, (high - GAP, wide - GAP)), y, there)
        words.append((MARGIN, top + middle - 7, f"{one.number}", 9, INK))
        words.append((MARGIN + NUMBER + length + 5, top + middle - 7, f"{one.weight:.2f}", 8, INK))
        words += beside(one, there + wide + 8, top + middle)
    bands.append((top, canvas))
    page = stacked([head(title, lines), printed(bands, words, top + len(canvas) + MARGIN)])
    return torch.from_numpy(page).permute(2, 0, 1) / 255


def beside(one: Dimension, left: int, middle: int) -> Words:
    """How much moves, and the label that goes with it."""
    told = [f"moves {100 * one.moved:.1f} %"]
    if one.told is not None and one.spread**2 > ACTIVE:
        told.append(f"{one.told[0].replace('_', ' ')} {one.told[1]:+.2f}")
    first = middle - LINE * len(told) // 2
    return [(left, first + i * LINE, text, 8, FAINT) for i, text in enumerate(told)]


def heat(where: Tensor, brightest: float, size: tuple[int, int]) -> np.ndarray:
    """The map of changes [H, W] on white, the more the darker red: uint8 [h, w, 3]."""
    share = (where / max(brightest, 1e-12)).clamp(0, 1).sqrt()[None]
    colours = torch.cat([1 - 0.15 * share, 1 - 0.9 * share, 1 - 0.85 * share])
    shown = fitted(colours[None])[0, :, : size[0], : size[1]]
    return to_uint8(shown).permute(1, 2, 0).numpy()


def place(canvas: np.ndarray, image: np.ndarray, top: int, left: int) -> None:
    """Lay an image uint8 [h, w, 3] on the canvas."""
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
