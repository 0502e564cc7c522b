"""Dynamic time warping against all ways there are, and against the textbook's recursion."""

import numpy as np
import pytest

from genlab.metrics.speech.alignment import aligned


def every_way(rows, columns):
    """All ways from (0, 0) to the last pair, by steps of (1, 1), (1, 0) and (0, 1)."""
    if rows == columns == 1:
        yield [(0, 0)]
        return
    for down, right in ((1, 1), (1, 0), (0, 1)):
        if rows > down and columns > right or (rows > down and not right) or (columns > right and not down):
            for way in every_way(rows - down, columns - right):
                yield [*way, (rows - 1, columns - 1)]


def least(cost):
    """The total of the cheapest way, one pair after the other."""
    total = np.full(np.array(cost.shape) + 1, np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(*cost.shape):
        total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (2, 2), (3, 5), (5, 4)])
def test_no_way_is_cheaper(shape):
    for seed in range(5):
        cost = np.random.default_rng(seed).random(shape)
        found = list(zip(*map(np.ndarray.tolist, aligned(cost)), strict=True))
        best = min(every_way(*shape), key=lambda way: sum(cost[pair] for pair in way))
        assert found == best


@pytest.mark.parametrize("shape", [(40, 60), (61, 37), (50, 50)])
def test_long_ways_are_the_textbooks(shape):
    cost = np.random.default_rng(1).random(shape)
    i, j = aligned(cost)
    assert cost[i, j].sum() == pytest.approx(least(cost), rel=1e-12)
    steps = np.diff(i), np.diff(j)
    assert (i[0], j[0], i[-1], j[-1]) == (0, 0, shape[0] - 1, shape[1] - 1)
    assert set(zip(*map(np.ndarray.tolist, steps), strict=True)) <= {(1, 1), (1, 0), (0, 1)}


def test_the_same_is_aligned_with_itself_by_the_diagonal():
    x = np.random.default_rng(0).random(30)
    i, j = aligned(np.abs(x[:, None] - x))
    assert np.array_equal(i, np.arange(30)) and np.array_equal(i, j)
    assert np.array_equal(aligned(np.zeros((7, 7))), np.stack([np.arange(7)] * 2))  # of equal ways the shortest


def test_what_was_planted_is_found():
    """A sequence with frames held for a while: the way goes along them."""
    held = np.array([1, 3, 1, 1, 4, 2])
    x = np.arange(6.0)
    y = np.repeat(x, held)
    i, j = aligned(np.abs(x[:, None] - y))
    assert np.array_equal(i, np.repeat(np.arange(6), held)) and np.array_equal(j, np.arange(12))
