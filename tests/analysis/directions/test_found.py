"""Directions of attributes: closed forms, an independent solver, and that cleared ones leave the others alone."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from genlab.analysis.directions.found import cleared, logistic, mean_difference, regression, scaled_to

STREAM = torch.Generator().manual_seed(0)
CODES = torch.randn(600, 4, generator=STREAM, dtype=torch.float64) @ torch.diag(
    torch.tensor([1.0, 2.0, 0.5, 1.0]).double()
)
HAS = torch.stack([CODES[:, 0] + 0.3 * CODES[:, 1] > 0.2, CODES[:, 1] + torch.randn(600, generator=STREAM) > 0], 1)


def test_the_difference_of_means():
    found = mean_difference(CODES.float(), HAS)
    for a in range(2):
        wanted = CODES[HAS[:, a]].mean(0) - CODES[~HAS[:, a]].mean(0)
        assert torch.allclose(found[a], wanted, atol=1e-6)


@pytest.mark.parametrize("true", [True, False])
def test_a_direction_needs_both_kinds(true):
    with pytest.raises(ValueError, match="without it"):
        mean_difference(CODES, torch.full((600, 1), true))


@pytest.mark.parametrize("decay", [1e-3, 0.1])
def test_newton_finds_what_another_solver_finds(decay):
    """scikit-learn's C is the inverse of the decay summed over images, and its intercept is free as well."""
    found = regression(CODES, HAS, decay)
    for a in range(2):
        other = LogisticRegression(C=1 / (decay * len(CODES)), tol=1e-10, max_iter=10_000).fit(CODES, HAS[:, a])
        assert np.allclose(found[a, :-1], other.coef_[0], atol=1e-5)
        assert float(found[a, -1]) == pytest.approx(other.intercept_[0], abs=1e-5)


def test_separable_classes_have_a_direction_with_decay():
    has = CODES[:, :1] > 0
    (found,) = logistic(CODES, has, 0.01)
    assert found.isfinite().all()
    assert abs(float(torch.cosine_similarity(found, torch.tensor([1.0, 0, 0, 0]).double(), dim=0))) > 0.95


def test_the_normal_of_the_boundary_is_not_the_difference_of_means():
    """Where the attribute is read from one number, and another goes with it, logistic regression takes the one alone."""
    x = torch.randn(4000, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x[:, 1] += x[:, 0]
    has = x[:, :1] > 0
    (difference,), (normal,) = mean_difference(x, has), logistic(x, has, 1e-4)
    assert float(difference[1] / difference[0]) == pytest.approx(1.0, abs=0.1)
    assert abs(float(normal[1] / normal[0])) < 0.05


def test_a_step_of_one_goes_as_far_as_the_means_lie_apart():
    difference, found = mean_difference(CODES, HAS), logistic(CODES, HAS, 0.01)
    for one, apart in zip(found, difference, strict=True):
        unit = one / one.norm()
        assert float(one.norm()) == pytest.approx(float(unit @ apart))


def test_dimensions_that_say_nothing_are_left_alone():
    """One never changes, one hardly does: no direction goes along them."""
    still = torch.full((600, 1), 3.0, dtype=torch.float64)
    hardly = 1e-3 * torch.randn(600, 1, generator=STREAM, dtype=torch.float64)
    found = logistic(torch.cat([CODES, still, hardly], 1), HAS, 0.01)
    assert (found[:, 4] == 0).all()
    assert (found[:, 5].abs() < 0.01 * found.norm(dim=1)).all()
    assert torch.allclose(found[:, :4], logistic(CODES, HAS, 0.01 * 4 / 6), rtol=1e-2)


def test_cleared_directions_leave_what_the_others_tell():
    directions = torch.randn(3, 6, generator=STREAM, dtype=torch.float64)
    found = cleared(directions, directions)
    for a in range(3):
        for other in range(3):
            if other != a:
                assert abs(float(found[a] @ directions[other])) < 1e-9
        unit = found[a] / found[a].norm()
        assert float(found[a].norm()) == pytest.approx(float(unit @ directions[a]))


def test_one_direction_alone_has_nothing_to_be_cleared_of():
    one = CODES[:1]
    assert torch.allclose(cleared(one, one), one)
    assert torch.allclose(scaled_to(3 * one, one), one)
