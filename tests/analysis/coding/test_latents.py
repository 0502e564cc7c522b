"""Codes rounded to a grid: they come back, cost their cross-entropy, and what is decoded from them is measured."""

import numpy as np
import pytest
import torch

from genlab.analysis.coding.ans import Stack
from genlab.analysis.coding.latents import PRECISION, Grid, coded, points, starts_of

from linear_generator import Linear

DICE = np.random.default_rng(0)
TRAIN = DICE.normal(size=(3000, 2)) * [1.0, 5.0] + [0.0, 3.0]


def test_codes_come_back_to_within_half_a_step():
    grid, codes = Grid.fitted(TRAIN, 0.5), TRAIN[:200]
    bits, again = coded(grid, codes)
    assert np.abs(again - codes).max() <= 0.25 + 1e-12
    assert bits > 0


def test_the_bits_are_the_cross_entropy_of_the_training_frequencies():
    grid, codes = Grid.fitted(TRAIN, 0.5), DICE.normal(size=(2000, 2)) * [1.0, 5.0] + [0.0, 3.0]
    symbols = grid.rounded(codes)
    p = [np.diff(starts) / 2**PRECISION for starts in grid.starts]
    wanted = -sum(np.log2(p[d][symbols[:, d]]).mean() for d in range(2))
    bits, _ = coded(grid, codes)
    assert bits == pytest.approx(wanted, rel=2e-3)
    gaussian = sum(np.log2(spread * np.sqrt(2 * np.pi * np.e) / 0.5) for spread in (1.0, 5.0))
    assert bits == pytest.approx(gaussian, rel=0.03)


def test_a_code_beyond_all_of_training_is_the_outermost_one():
    grid = Grid.fitted(TRAIN, 0.5)
    far = grid.values(grid.rounded(np.array([[100.0, -100.0]])))[0]
    assert TRAIN[:, 0].max() < far[0] < TRAIN[:, 0].max() + 1
    assert TRAIN[:, 1].min() - 1 < far[1] < TRAIN[:, 1].min()


def test_no_share_is_empty_and_they_are_all():
    starts = starts_of(np.array([10**9, 1, 1, 0 + 1]))
    assert (np.diff(starts) >= 1).all()
    assert (starts[0], starts[-1]) == (0, 2**PRECISION)


def test_symbols_of_an_image_come_back_in_their_order():
    grid, stack = Grid.fitted(TRAIN, 1.0), Stack([0, 1])
    symbols = grid.rounded(TRAIN[:5]).tolist()
    for one in symbols:
        grid.push(stack, one)
    assert [grid.pop(stack) for _ in symbols] == symbols[::-1]


def test_a_finer_grid_costs_more_and_shows_more_until_it_shows_all():
    model = Linear()
    z = model.draw(300, seed=1)
    x = model.decode(z).float()
    found = [one for one, _ in points(model, model.draw(2000, seed=2), z, x, [2.0, 0.5, 0.01])]
    assert [one.bits for one in found] == sorted(one.bits for one in found)
    assert [one.psnr for one in found] == sorted(one.psnr for one in found)
    assert found[-1].psnr > 50
    assert found[1].bits == pytest.approx(3 * np.log2(np.sqrt(2 * np.pi * np.e) / 0.5) / 16, rel=0.05)
    assert torch.is_tensor(next(iter(points(model, z, z, x, [1.0])))[1])
