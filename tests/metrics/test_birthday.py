"""The birthday test on generators that make a known number of different items."""

import math

import pytest
import torch

from genlab.metrics.birthday import (
    birthday,
    closest_in_batches,
    closest_pairs,
    pair_probability,
    rare_distance,
    support_size,
    wilson,
)

CPU = torch.device("cpu")


def test_twenty_three_people_of_365_birthdays():
    assert pair_probability(365, 23) == pytest.approx(0.507297, abs=1e-6)
    assert support_size(pair_probability(365, 23), 23) == pytest.approx(365, rel=1e-9)
    assert support_size(pair_probability(1e12, 40), 40) == pytest.approx(1e12, rel=1e-6)


def test_two_draws_from_n_items_are_alike_once_in_n():
    assert support_size(1 / 52, 2) == pytest.approx(52)
    assert (support_size(0.0, 9), support_size(1.0, 9)) == (math.inf, pytest.approx(8))


@pytest.mark.parametrize("items", [60, 1000])
def test_a_generator_of_n_items_is_told_to_make_n(items):
    """500 batches: the standard error of the share is 0.022."""
    dice = torch.Generator().manual_seed(0)
    things, size = torch.randn(items, 4, generator=dice), round(1.2 * math.sqrt(items))
    found = birthday(things[torch.randint(items, (500 * size,), generator=dice)], size, 0.0, CPU)
    assert found.batches == 500
    assert found.support == pytest.approx(items, rel=0.15)
    low, high = found.interval
    assert low < items < high
    assert high / low < 1.5


def test_of_items_that_are_not_alike_it_tells_the_inverse_of_the_sum_of_squares():
    """Half of the draws are one item: sum p^2 > 1/4, however many others there are; two of them collide once in four."""
    dice = torch.Generator().manual_seed(0)
    x = torch.where(torch.rand(2000, 1, generator=dice) < 0.5, 0.0, torch.randn(2000, 3, generator=dice))
    assert birthday(x, 2, 0.0, CPU).support == pytest.approx(4, rel=0.2)


def test_without_a_pair_there_is_a_lower_bound():
    """3.84 / (n + 3.84) is Wilson's end for no hit of n."""
    found = birthday(torch.arange(3000.0)[:, None], 30, 0.5, CPU)
    assert (found.hits, found.batches, found.support) == (0, 100, math.inf)
    low, high = found.interval
    assert high == math.inf
    assert low == pytest.approx(support_size(1.96**2 / (100 + 1.96**2), 30))
    assert found.row.keys() == {"size", "batches", "share", "support", "support_low", "support_high"}


def test_the_interval_of_a_share_is_wilsons():
    """Of 15 of 50 (Newcombe, 1998, and any table): 0.191 to 0.438."""
    assert wilson(15, 50) == pytest.approx((0.1910, 0.4375), abs=1e-4)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


def test_the_closest_pairs_are_found_and_equal_rows_are_at_0_far_from_the_origin():
    x = 1e4 + torch.arange(40.0)[:, None] ** 2 * torch.ones(1, 3)
    x[31] = x[7]
    distances, pairs = closest_pairs(x, 3, CPU)
    assert pairs.tolist() == [[7, 31], [0, 1], [1, 2]]
    assert distances.tolist() == pytest.approx([0, math.sqrt(3), 3 * math.sqrt(3)])
    assert distances[0] == 0


def test_near_duplicates_are_nearer_than_in_one_of_twenty_batches_of_real_images():
    dice = torch.Generator().manual_seed(0)
    real, near = torch.randn(4000, 2, generator=dice), 0.0
    near = rare_distance(real, 20, CPU)
    assert birthday(real, 20, near, CPU).share == pytest.approx(0.05, abs=0.006)
    few = real[torch.randint(50, (4000,), generator=dice)] + 1e-6 * torch.randn(4000, 2, generator=dice)
    assert birthday(few, 20, near, CPU).share > 0.9


def test_a_rest_that_makes_no_batch_is_left_out_and_no_batch_is_refused():
    x = torch.arange(25.0)[:, None]
    x[21] = x[20]
    assert closest_in_batches(x, 10, CPU).tolist() == [1, 1]
    for size in (1, 26):
        with pytest.raises(ValueError, match="batches of"):
            closest_in_batches(x, size, CPU)
