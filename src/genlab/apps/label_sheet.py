"""The page of samples of several labels: a row for each, with its name."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from genlab.analysis.traversals.sheet import GAP, band, fitted, middles
from genlab.figures import INK, LETTER, LINE, MARGIN, Words, printed
from genlab.images import from_uint8, widened


def label_sheet(shown: Tensor, names: Sequence[str], columns: int) -> Tensor:
    """Images [N, C, H, W] in rows of ``columns``, the name of each row to its left: [C, H', W'].

    Of an incomplete last row the rest is white.
    """
    blank = shown.new_ones(-len(shown) % columns, *shown.shape[1:])
    rows = fitted(widened(torch.cat([shown, blank]), 3)).unflatten(0, (-1, columns))  # [R, T, 3, H, W]
    left = MARGIN + int(LETTER * max(map(len, names))) + LINE
    wide = left + columns * (rows.shape[-1] + GAP) + MARGIN
    laid = band(rows, left, wide)
    words: Words = [(MARGIN, MARGIN + y, name, 8, INK) for y, name in zip(middles(rows), names, strict=False)]
    page = torch.from_numpy(printed([(MARGIN, laid)], words, len(laid) + 2 * MARGIN)).permute(2, 0, 1)
    return from_uint8(page[: shown.shape[1]])  # words are grey, as in a traversal
