"""Estimators of a gradient on Gaussians whose mean and variance are known in closed form."""

import math

import pytest
import torch

from genlab.analysis.estimators.gradients import (
    BASELINE,
    NAMES,
    PATHWISE,
    SCORE,
    Moments,
    all_three,
    less_the_others,
)

MU, LOGVAR = 0.7, math.log(0.5**2)  # one number z ~ N(0.7, 0.5^2)


def square(z):
    """f(z) = z^2: E f = mu^2 + sigma^2, so dE/dmu = 2 mu and dE/dlogvar = sigma^2."""
    return z.square().sum(-1)


def estimates(draws=400_000, f=square):
    noise = torch.randn(1, draws, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mu, logvar = torch.full((1, 1), MU).double(), torch.full((1, 1), LOGVAR).double()
    return all_three(f, mu, logvar, noise)


FOUND = estimates()
VARIANCE = {  # of one draw, by mu; s is the standard deviation
    PATHWISE: 4 * 0.5**2,  # 2 z
    SCORE: (MU**4 + 18 * MU**2 * 0.5**2 + 15 * 0.5**4) / 0.5**2 - 4 * MU**2,  # z^2 eps / s
    # (z^2 - E z^2) eps / s, whose own mean has the variance left that f has beside its mean
    BASELINE: (4 * MU**2 * 0.5**2 * 3 + 0.5**4 * 10) / 0.5**2 - 4 * MU**2,
}


@pytest.mark.parametrize("name", NAMES)
def test_all_are_unbiased(name):
    found = FOUND[name]
    assert float(found.mu.mean()) == pytest.approx(2 * MU, rel=0.02)
    assert float(found.logvar.mean()) == pytest.approx(0.5**2, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_variances_are_those_of_the_closed_form(name):
    assert float(FOUND[name].mu.var()) == pytest.approx(VARIANCE[name], rel=0.03)


def test_the_pathwise_gradient_of_a_linear_function_has_no_variance():
    found = estimates(1000, lambda z: 3 * z.sum(-1))
    assert float(found[PATHWISE].mu.std()) == 0
    assert float(found[PATHWISE].mu.mean()) == pytest.approx(3)


def test_a_constant_moves_the_score_function_alone():
    """E f + c has the same gradient; the noise of the score function grows with c^2."""
    plain, shifted = estimates(50_000), estimates(50_000, lambda z: square(z) + 100)
    assert float(shifted[SCORE].mu.var()) == pytest.approx(100**2 / 0.5**2, rel=0.1)
    assert torch.allclose(shifted[BASELINE].mu, plain[BASELINE].mu)
    assert torch.equal(shifted[PATHWISE].mu, plain[PATHWISE].mu)


def test_the_baseline_of_a_draw_is_the_mean_of_the_others():
    values = torch.tensor([[1.0, 4.0, 10.0]])
    assert less_the_others(values).tolist() == [[1 - 7, 4 - 5.5, 10 - 2.5]]
    assert less_the_others(values[:, :1]).tolist() == [[1.0]]


def test_no_draw_knows_of_another_image():
    """Of two images each estimate is what it is of one."""
    noise = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mu, logvar = torch.tensor([[0.0] * 3, [5.0] * 3]).double(), torch.zeros(2, 3).double()
    both, one = all_three(square, mu, logvar, noise), all_three(square, mu[1:], logvar[1:], noise[1:])
    for name in NAMES:
        assert torch.equal(both[name].mu[1:], one[name].mu)
        assert torch.equal(both[name].logvar[1:], one[name].logvar)


def test_moments_added_in_parts_are_those_of_the_whole():
    x = torch.randn(100, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 1e6
    moments = Moments(x.shape[1:])
    for part in x.split(33):
        moments.add(part)
    assert torch.allclose(moments.mean, x.mean(0), rtol=1e-12)
    assert torch.allclose(moments.variance, x.var(0), rtol=1e-8)
    assert moments.count == 100
