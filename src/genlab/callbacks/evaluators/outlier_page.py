"""A page of the most unusual images by a score, of the usual kind and of the unusual one, with their scores."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from genlab.data.store.columns import Column
from genlab.figures import FAINT, INK, LINE, MARGIN, Words, printed

SHOWN, ACROSS, SIDE = 16, 8, 84  # images of a kind, in a row, and pixels that a small one is enlarged to


def most_unusual(title: str, columns: dict[str, tuple[Column, np.ndarray]], scores: dict[str, Tensor]) -> np.ndarray:
    """uint8 [H, W, 3]. ``columns``: by kind, the images and the rows that were scored; ``scores`` of the first of them."""
    words: Words = [(MARGIN, MARGIN, title, 13, INK)]
    bands, top = [], 2 * MARGIN + LINE
    for kind, (column, rows) in columns.items():
        order = scores[kind].argsort(descending=True)[:SHOWN].tolist()
        shown = [enlarged(coloured(column[int(rows[i])])) for i in order]
        words.append((MARGIN, top, f"{kind} images with the highest scores", 9, FAINT))
        band, corners = laid_out(shown)
        found = zip(corners, order, strict=True)
        words += [(x, top + 2 * LINE + y, f"{float(scores[kind][i]):.4g}", 8, INK) for (x, y), i in found]
        bands.append((top + 2 * LINE, band))
        top += 2 * LINE + len(band)
    return printed(bands, words, top + MARGIN)


def laid_out(images: list[np.ndarray]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Rows of images with room for a line of words below each, on white; and where that room begins, (x, y) each."""
    high, wide = (max(image.shape[axis] for image in images) for axis in (0, 1))
    rows = -(-len(images) // ACROSS)
    band = np.full((rows * (high + 2 * LINE), 2 * MARGIN + ACROSS * (wide + LINE), 3), 255, np.uint8)
    corners = []
    for i, image in enumerate(images):
        top, left = i // ACROSS * (high + 2 * LINE), MARGIN + i % ACROSS * (wide + LINE)
        band[top : top + image.shape[0], left : left + image.shape[1]] = image
        corners.append((left, top + high + 2))
    return band, corners


def coloured(image: np.ndarray) -> np.ndarray:
    """uint8 [C, H, W], C = 1 or 3 -> [H, W, 3]."""
    return np.broadcast_to(np.asarray(image).transpose(1, 2, 0), (*image.shape[1:], 3))


def enlarged(image: np.ndarray) -> np.ndarray:
    """By a whole factor, at most to ``SIDE``. [H, W, 3]."""
    times = max(1, SIDE // max(image.shape[:2]))
    return image.repeat(times, 0).repeat(times, 1)
