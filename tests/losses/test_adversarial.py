"""What the papers say of their losses, as numbers."""

import math

import pytest
import torch

from genlab.losses.adversarial import discriminator_loss, generator_loss

NAMES = sorted(generator_loss)
SCORES = [-3.0, -1.0, -0.4, 0.0, 0.3, 1.0, 2.5]  # of both signs, inside the margin, on it, and beyond it


def sigmoid(score):
    return 1 / (1 + math.exp(-score))


DISCRIMINATOR = {
    "non_saturating": lambda real, fake: -math.log(sigmoid(real)) - math.log(1 - sigmoid(fake)),
    "saturating": lambda real, fake: -math.log(sigmoid(real)) - math.log(1 - sigmoid(fake)),
    "least_squares": lambda real, fake: 0.5 * (real - 1) ** 2 + 0.5 * fake**2,
    "hinge": lambda real, fake: max(0, 1 - real) + max(0, 1 + fake),
}
GENERATOR = {
    "non_saturating": lambda fake: -math.log(sigmoid(fake)),
    "saturating": lambda fake: math.log(1 - sigmoid(fake)),
    "least_squares": lambda fake: 0.5 * (fake - 1) ** 2,
    "hinge": lambda fake: -fake,
}


def test_every_loss_is_listed_here():
    assert set(generator_loss) == set(discriminator_loss) == set(DISCRIMINATOR) == set(GENERATOR)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_at_given_scores_is_its_formula(name):
    scores = torch.tensor(SCORES, dtype=torch.float64)
    real, fake = torch.cartesian_prod(scores, scores).T
    expected = [DISCRIMINATOR[name](x, y) for x, y in zip(real.tolist(), fake.tolist(), strict=True)]
    assert discriminator_loss[name](real, fake).tolist() == pytest.approx(expected, abs=1e-12)
    assert generator_loss[name](scores).tolist() == pytest.approx([GENERATOR[name](x) for x in SCORES], abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_of_scores_counts_as_the_mean_over_its_patches(name):
    real, fake = torch.randn(2, 4, 1, 2, 3, dtype=torch.float64) * 2
    patches = discriminator_loss[name](real.flatten(), fake.flatten()).reshape(4, 6)
    torch.testing.assert_close(discriminator_loss[name](real, fake), patches.mean(1))
    torch.testing.assert_close(generator_loss[name](fake), generator_loss[name](fake.flatten()).reshape(4, 6).mean(1))


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_scores_are_summed_in_float32(name):
    real, fake = torch.randn(2, 3, 1, 20, 20).bfloat16()
    for half, whole in (
        (discriminator_loss[name](real, fake), discriminator_loss[name](real.float(), fake.float())),
        (generator_loss[name](fake), generator_loss[name](fake.float())),
    ):
        assert half.dtype == torch.float32
        assert torch.equal(half, whole)


def test_an_undecided_discriminator_has_loss_log_4():
    undecided = torch.zeros(6, dtype=torch.float64)
    assert discriminator_loss["non_saturating"](undecided, undecided).tolist() == pytest.approx([math.log(4)] * 6)


def test_the_saturating_gradient_vanishes_where_fakes_are_poor_and_the_other_does_not():
    poor = torch.full((1,), -20.0, requires_grad=True)
    (saturated,) = torch.autograd.grad(generator_loss["saturating"](poor).sum(), poor)
    (alive,) = torch.autograd.grad(generator_loss["non_saturating"](poor).sum(), poor)
    assert saturated.abs() < 1e-8
    assert alive.item() == pytest.approx(-1)


@pytest.mark.parametrize("name", NAMES)
def test_generators_want_higher_scores_and_stay_finite(name):
    low, high = torch.full((2, 1, 3, 3), -100.0), torch.full((2, 1, 3, 3), 100.0)
    assert (generator_loss[name](torch.full((2,), 0.5)) < generator_loss[name](torch.full((2,), -0.5))).all()
    for score in (low, high):
        assert generator_loss[name](score).shape == (2,)
        assert generator_loss[name](score).isfinite().all()
        assert discriminator_loss[name](score, score).isfinite().all()
