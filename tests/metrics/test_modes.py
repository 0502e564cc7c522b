"""Modes and quality of samples that were planted."""

import math

import pytest
import torch

from genlab.metrics.modes import assign, mode_coverage

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_a_mode_counts_with_its_first_good_sample_and_quality_is_the_share_of_good_ones():
    x = torch.tensor([[0.0, 0.0], [0.2, 0.2], [10.0, 0.29], [5.0, 5.0]])
    kl = math.log(3) + 2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)
    expected = {"modes": 2, "high_quality": 0.75, "modes_kl": pytest.approx(kl)}
    assert mode_coverage(x, CENTRES, sigma=0.1) == expected


def test_three_sigma_is_too_far():
    at = torch.tensor([[0.75, 0.0]])
    assert mode_coverage(at, CENTRES, sigma=0.25) == {"modes": 0, "high_quality": 0}
    one = {"modes": 1, "high_quality": 1, "modes_kl": pytest.approx(math.log(3))}
    assert mode_coverage(at - 1e-6, CENTRES, sigma=0.25) == one


def test_draws_from_the_mixture_itself_reach_all_modes_with_the_quality_of_a_gaussian():
    dice = torch.Generator().manual_seed(0)
    x = CENTRES[torch.arange(30_000) % 3] + 0.1 * torch.randn(30_000, 2, generator=dice)
    found = mode_coverage(x, CENTRES, sigma=0.1)
    assert found["modes"] == 3
    assert found["modes_kl"] == pytest.approx(0, abs=2e-5)
    assert found["high_quality"] == pytest.approx(1 - 2.718281828**-4.5, abs=0.001)  # of a Rayleigh at 3


def test_bad_samples_are_counted_at_the_mode_nearest_to_them_and_do_not_enter_the_kl():
    x = torch.tensor([[0.0, 0.0], [10.0, 0.0], [7.0, 0.0], [8.0, 1.0], [1.0, 6.0]])
    found = assign(x, CENTRES, sigma=0.1)
    assert (found.samples.tolist(), found.good.tolist()) == ([1, 3, 1], [1, 1, 0])
    assert found.coverage["modes_kl"] == pytest.approx(math.log(3 / 2))
