"""What the papers say of their losses, as numbers."""

import math

import pytest
import torch

from genlab.losses.adversarial import discriminator_loss, generator_loss

NAMES = sorted(generator_loss)


def test_every_generator_loss_has_its_discriminator_loss():
    assert set(generator_loss) == set(discriminator_loss)


def test_an_undecided_discriminator_has_loss_log_4():
    undecided = torch.zeros(6, dtype=torch.float64)
    assert discriminator_loss["non_saturating"](undecided, undecided).tolist() == pytest.approx([math.log(4)] * 6)


def test_cross_entropy_is_binary_cross_entropy():
    real, fake = torch.randn(2, 9, dtype=torch.float64)
    expected = -real.sigmoid().log() - (1 - fake.sigmoid()).log()
    torch.testing.assert_close(discriminator_loss["saturating"](real, fake), expected)
    torch.testing.assert_close(generator_loss["non_saturating"](fake), -fake.sigmoid().log())
    torch.testing.assert_close(generator_loss["saturating"](fake), (1 - fake.sigmoid()).log())


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
