"""Histograms whose entropy and distance are known in closed form."""

import math

import pytest
import torch

from genlab.metrics.histogram import at_least_half, entropy, holders, kl_of_chance, reverse_kl


@pytest.mark.parametrize("kept", [1, 3, 10])
def test_of_some_classes_alike_the_entropy_is_their_logarithm_and_the_kl_that_of_the_lost_share(kept):
    counts = torch.zeros(10, dtype=torch.int64)
    counts[:kept] = 40
    assert entropy(counts) == pytest.approx(math.log(kept), abs=1e-12)
    assert str(entropy(counts)) != "-0.0"
    assert reverse_kl(counts, torch.ones(10)) == pytest.approx(math.log(10 / kept), abs=1e-12)


def test_the_samples_come_first_in_the_kl():
    """KL((3/4, 1/4) || (1/2, 1/2)) = log 2 - H(1/4); the other way round it would be 0.144."""
    h = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert reverse_kl(torch.tensor([30, 10]), torch.tensor([7, 7])) == pytest.approx(math.log(2) - h)
    assert reverse_kl(torch.tensor([30, 10]), torch.tensor([600, 200])) == pytest.approx(0, abs=1e-12)


def test_a_class_without_images_counts_as_half_an_image():
    wanted = at_least_half(torch.tensor([9, 0]))
    assert reverse_kl(torch.tensor([0, 5]), wanted) == pytest.approx(math.log(9.5 / 0.5))


def test_what_chance_makes_of_a_perfect_generator():
    dice = torch.Generator().manual_seed(0)
    for classes, samples in ((10, 500), (1000, 26_000)):
        draws = [
            torch.bincount(torch.randint(classes, (samples,), generator=dice), minlength=classes) for _ in range(20)
        ]
        mean = sum(reverse_kl(counts, torch.ones(classes)) for counts in draws) / len(draws)
        assert mean == pytest.approx(kl_of_chance(classes, samples), rel=0.25)
    assert kl_of_chance(1000, 26_000) == 999 / 52_000


def test_the_few_that_hold_most_are_the_fewest():
    counts = torch.tensor([5, 40, 3, 0, 45, 7])
    assert holders(counts, 0.45) == [4]
    assert holders(counts, 0.85) == [4, 1]
    assert holders(counts, 0.86) == [4, 1, 5]
    assert holders(counts, 1.0) == [4, 1, 5, 0, 2]
