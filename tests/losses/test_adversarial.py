"""What the papers say of their losses, as numbers."""

import math

import pytest
import torch

from genlab.losses.adversarial import discriminator_parts, fake_loss, generator_loss, generator_part, real_loss

SCORES = [-3.0, -1.0, -0.4, 0.0, 0.3, 1.0, 2.5]  # of both signs, inside the margin, on it, and beyond it


def sigmoid(score):
    return 1 / (1 + math.exp(-score))


TABLES = {"real": real_loss, "fake": fake_loss, "generator": generator_loss}
FORMULAS = {
    ("non_saturating", "real"): lambda score: -math.log(sigmoid(score)),
    ("non_saturating", "fake"): lambda score: -math.log(1 - sigmoid(score)),
    ("non_saturating", "generator"): lambda score: -math.log(sigmoid(score)),
    ("saturating", "real"): lambda score: -math.log(sigmoid(score)),
    ("saturating", "fake"): lambda score: -math.log(1 - sigmoid(score)),
    ("saturating", "generator"): lambda score: math.log(1 - sigmoid(score)),
    ("least_squares", "real"): lambda score: (score - 1) ** 2,
    ("least_squares", "fake"): lambda score: score**2,
    ("least_squares", "generator"): lambda score: (score - 1) ** 2,
    ("hinge", "real"): lambda score: max(0, 1 - score),
    ("hinge", "fake"): lambda score: max(0, 1 + score),
    ("hinge", "generator"): lambda score: -score,
    ("wasserstein", "real"): lambda score: -score,
    ("wasserstein", "fake"): lambda score: score,
    ("wasserstein", "generator"): lambda score: -score,
}


def test_every_loss_is_listed_here():
    assert {(name, side) for side, table in TABLES.items() for name in table} == set(FORMULAS)


@pytest.mark.parametrize(("name", "side"), FORMULAS)
def test_a_loss_at_given_scores_is_its_formula(name, side):
    scores = torch.tensor(SCORES, dtype=torch.float64)
    expected = [FORMULAS[name, side](score) for score in SCORES]
    assert TABLES[side][name](scores).tolist() == pytest.approx(expected, abs=1e-12)
    assert TABLES[side][name](scores[:, None, None, None]).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "side"), FORMULAS)
def test_a_map_of_scores_counts_as_the_mean_over_its_patches_in_float32_at_least(name, side):
    loss, scores = TABLES[side][name], torch.randn(4, 1, 2, 3, dtype=torch.float64) * 2
    torch.testing.assert_close(loss(scores), loss(scores.flatten()[:, None]).reshape(4, 6).mean(1))
    half = torch.randn(3, 1, 20, 20).bfloat16()
    assert loss(half).dtype == torch.float32
    assert torch.equal(loss(half), loss(half.float()))
    assert loss(half[:, 0, 0, 0]).dtype == torch.float32  # one score an image


def test_an_undecided_discriminator_has_loss_log_4():
    undecided = torch.zeros(6, dtype=torch.float64)
    both = real_loss["non_saturating"](undecided) + fake_loss["non_saturating"](undecided)
    assert both.tolist() == pytest.approx([math.log(4)] * 6)


def test_the_saturating_gradient_vanishes_where_fakes_are_poor_and_the_other_does_not():
    poor = torch.full((1,), -20.0, requires_grad=True)
    (saturated,) = torch.autograd.grad(generator_loss["saturating"](poor).sum(), poor)
    (alive,) = torch.autograd.grad(generator_loss["non_saturating"](poor).sum(), poor)
    assert saturated.abs() < 1e-8
    assert alive.item() == pytest.approx(-1)


@pytest.mark.parametrize("name", sorted(generator_loss))
def test_generators_want_higher_scores_and_stay_finite(name):
    loss = generator_loss[name]
    assert (loss(torch.full((2,), 0.5)) < loss(torch.full((2,), -0.5))).all()
    for score in (torch.full((2, 1, 3, 3), -100.0), torch.full((2, 1, 3, 3), 100.0)):
        for table in TABLES.values():
            assert table[name](score).shape == (2,)
            assert table[name](score).isfinite().all()


# ---- pairs -------------------------------------------------------------------------------------------------------------


def pair(better, worse):
    """-log sigmoid(D(x) - D(y)) of two scores."""
    return -math.log(sigmoid(better - worse))


def told(of_real, of_fake):
    """Both players' relativistic losses."""
    (part,) = discriminator_parts("relativistic", of_real, of_fake).values()
    return part.tolist(), generator_part("relativistic", of_fake, of_real).tolist()


def test_a_relativistic_loss_is_the_cross_entropy_of_which_of_two_is_real():
    real, fake = SCORES, SCORES[::-1]
    d, g = told(torch.tensor(real, dtype=torch.float64), torch.tensor(fake, dtype=torch.float64))
    assert d == pytest.approx([pair(x, y) for x, y in zip(real, fake, strict=True)])
    assert g == pytest.approx([pair(y, x) for x, y in zip(real, fake, strict=True)])
    shifted, _ = told(torch.tensor(real).double() + 40, torch.tensor(fake).double() + 40)
    assert shifted == pytest.approx(d)


def test_patches_are_compared_one_by_one_and_maps_of_unequal_size_by_their_means():
    real, fake, large = (torch.randn(3, 1, 2, side, dtype=torch.float64) for side in (2, 2, 5))
    patches = [[pair(x, y) for x, y in zip(*both, strict=True)] for both in zip(*map(flat, (real, fake)), strict=True)]
    assert told(real, fake)[0] == pytest.approx([sum(row) / 4 for row in patches])
    means = real.mean((1, 2, 3)), large.mean((1, 2, 3))
    assert told(real, large)[0] == pytest.approx([pair(x.item(), y.item()) for x, y in zip(*means, strict=True)])


def flat(scores):
    """The scores of each map as a list."""
    return scores.flatten(1).tolist()


def test_of_unequal_numbers_the_first_come_again():
    real, fake = torch.tensor([0.5, -1.0, 2.0, 0.1, 0.3]), torch.tensor([1.0, -2.0])
    d, g = told(real, fake)
    again = [1.0, -2.0, 1.0, -2.0, 1.0]
    assert d == pytest.approx([pair(x, y) for x, y in zip(real.tolist(), again, strict=True)])
    assert g == pytest.approx([pair(y, x) for x, y in zip(real.tolist(), again, strict=True)])


def test_pairs_are_compared_in_float32_at_least_and_stay_finite():
    far = torch.full((2, 1, 3, 3), 100.0).bfloat16()
    for scores in ((far, -far), (-far, far)):
        (part,) = discriminator_parts("relativistic", *scores).values()
        assert part.dtype == torch.float32
        assert part.isfinite().all()
