"""Dynamic time warping: which frames of two recordings of one sentence belong together (Sakoe and Chiba, 1978)."""

from __future__ import annotations

import numpy as np

# The step that leads to a pair: both sounds go on, the first alone, or the second alone.
DIAGONAL, DOWN, RIGHT = 0, 1, 2


def aligned(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of frames on the cheapest way from the first frames of both sounds to the last ones; each step costs alike.

    Of equally cheap steps both sounds go on first. Worked out by anti-diagonals, since no pair of one depends on another.

    [N, M] -> rows, columns, int64 [P] each.
    """
    rows, columns = cost.shape
    flat = np.ascontiguousarray(cost, np.float64).ravel()
    steps = np.zeros((rows + columns - 1, rows), np.int8)
    last, before = np.full((2, rows + 1), np.inf)  # totals of the two diagonals before; of row i at i + 1
    before[0] = 0.0  # what the first pair comes from
    for place in range(rows + columns - 1):
        i = np.arange(max(0, place - columns + 1), min(rows - 1, place) + 1)
        ways = np.stack([before[i], last[i], last[i + 1]])  # from (i - 1, j - 1), (i - 1, j) and (i, j - 1)
        steps[place, i] = best = ways.argmin(0)
        total = np.full(rows + 1, np.inf)
        total[i + 1] = flat[i * columns + place - i] + ways[best, np.arange(len(i))]
        last, before = total, last
    return traced(steps, rows, columns)


def traced(steps: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The way, back from the last pair. ``steps``: by the sum and the row of a pair, [N + M - 1, N]."""
    i, j = rows - 1, columns - 1
    way = [(i, j)]
    while i or j:
        step = steps[i + j, i]
        i, j = i - (step != RIGHT), j - (step != DOWN)
        way.append((i, j))
    found = np.array(way[::-1])
    return found[:, 0], found[:, 1]
