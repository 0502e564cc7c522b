"""A page of several figures: a head with the title and lines of words, then rows of figures side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genlab.figures import FAINT, INK, Block, figure, page, pixels, plain
from genlab.images import to_uint8, widened
from genlab.panels import LETTER, LINE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = 1200  # pixels of a page


def composed(title: str, lines: Sequence[str], *rows: Sequence[Figure]) -> Tensor:
    """The page, [3, H, W] in [0, 1]."""
    parts = [head(title, lines), *(abreast(row) for row in rows if row)]
    return torch.from_numpy(stacked(parts)).permute(2, 0, 1) / 255


def head(title: str, lines: Sequence[str]) -> np.ndarray:
    """The title and the lines, uint8 [H, WIDE, 3]."""
    words = [part for line in lines for part in textwrap.wrap(line, int((WIDE - 28) / LETTER))]
    high = 50 + LINE * len(words)
    made = figure(WIDE, high)
    made.text(20 / WIDE, 1 - 14 / high, title, va="top", size=14, color=INK)
    made.text(20 / WIDE, 1 - 42 / high, "\n".join(words), va="top", size=8.5, color=FAINT, linespacing=1.3)
    return pixels(made)


def row(high: int, *shares: float, wide: int = WIDE) -> tuple[Figure, list[Axes]]:
    """Panels side by side without a title, of widths in these ratios."""
    made = figure(wide, high)
    made.set_layout_engine("constrained", w_pad=0.14, h_pad=0.1)
    return made, [plain(axes) for axes in made.subplots(1, len(shares), width_ratios=shares, squeeze=False)[0]]


def sheet(title: str, *blocks: Block) -> Figure:
    """Captioned images below a line of words."""
    return page(title, [*blocks])


def cell(image: Tensor) -> np.ndarray:
    """[C, H, W] in [0, 1], grey or colour -> uint8 [H, W, 3]."""
    return to_uint8(widened(image[None].float().clamp(0, 1), 3)[0]).permute(1, 2, 0).cpu().numpy()


def abreast(figures: Sequence[Figure]) -> np.ndarray:
    """Side by side from the top, uint8 [H, W, 3]."""
    drawn = [pixels(one) for one in figures]
    high = max(len(one) for one in drawn)
    return np.concatenate(
        [np.pad(one, ((0, high - len(one)), (0, 0), (0, 0)), constant_values=255) for one in drawn], 1
    )


def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Below each other on white, from the left: uint8 [h, w, 3] each -> [H, W, 3]."""
    wide = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(one, ((0, 0), (0, wide - one.shape[1]), (0, 0)), constant_values=255) for one in parts]
    )
