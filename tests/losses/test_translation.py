"""The losses of pix2pix and CycleGAN as numbers, on the scale of the reference implementation."""

import math

import pytest
import torch

from genlab.losses.adversarial import discriminator_loss, generator_loss
from genlab.losses.translation import fake_loss, l1, real_loss, wanted_loss

SCORES = [-3.0, -1.0, -0.4, 0.0, 0.3, 1.0, 2.5]  # of both signs, inside the margin, on it, and beyond it


def sigmoid(score):
    return 1 / (1 + math.exp(-score))


TABLES = {"real": real_loss, "fake": fake_loss, "wanted": wanted_loss}
FORMULAS = {
    ("non_saturating", "real"): lambda score: -math.log(sigmoid(score)),
    ("non_saturating", "fake"): lambda score: -math.log(1 - sigmoid(score)),
    ("non_saturating", "wanted"): lambda score: -math.log(sigmoid(score)),
    ("least_squares", "real"): lambda score: (score - 1) ** 2,
    ("least_squares", "fake"): lambda score: score**2,
    ("least_squares", "wanted"): lambda score: (score - 1) ** 2,
    ("hinge", "real"): lambda score: max(0, 1 - score),
    ("hinge", "fake"): lambda score: max(0, 1 + score),
    ("hinge", "wanted"): lambda score: -score,
    ("wasserstein", "real"): lambda score: -score,
    ("wasserstein", "fake"): lambda score: score,
    ("wasserstein", "wanted"): lambda score: -score,
}


def test_every_loss_is_listed_here():
    assert {(name, side) for side, table in TABLES.items() for name in table} == set(FORMULAS)


@pytest.mark.parametrize(("name", "side"), FORMULAS)
def test_a_loss_at_given_scores_is_its_formula(name, side):
    scores = torch.tensor(SCORES, dtype=torch.float64)[:, None, None, None]
    expected = [FORMULAS[name, side](score) for score in SCORES]
    assert TABLES[side][name](scores).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "side"), FORMULAS)
def test_a_map_of_scores_counts_as_the_mean_over_its_patches_in_float32_at_least(name, side):
    loss, scores = TABLES[side][name], torch.randn(4, 1, 2, 3, dtype=torch.float64) * 2
    torch.testing.assert_close(loss(scores), loss(scores.flatten()[:, None]).reshape(4, 6).mean(1))
    half = torch.randn(3, 1, 20, 20).bfloat16()
    assert loss(half).dtype == torch.float32
    assert torch.equal(loss(half), loss(half.float()))


def test_beside_the_losses_of_a_gan_least_squares_is_twice_the_generators_and_cross_entropy_half_the_discriminators():
    real, fake = torch.randn(2, 6, 1, 2, 2, dtype=torch.float64)
    for name, of_discriminator, of_generator in (("least_squares", 1, 2), ("non_saturating", 0.5, 1)):
        halved = (real_loss[name](real) + fake_loss[name](fake)) / 2
        torch.testing.assert_close(halved, of_discriminator * discriminator_loss[name](real, fake))
        torch.testing.assert_close(wanted_loss[name](fake), of_generator * generator_loss[name](fake))


def test_l1_is_the_mean_absolute_difference_of_each_image():
    x, y = torch.randn(2, 5, 3, 4, 4, dtype=torch.float64)
    expected = [torch.nn.functional.l1_loss(a, b) for a, b in zip(x, y, strict=True)]
    torch.testing.assert_close(l1(x, y), torch.stack(expected))
    assert l1(x.bfloat16(), y.bfloat16()).dtype == torch.float32
    assert l1(x[:0], y[:0]).shape == (0,)
