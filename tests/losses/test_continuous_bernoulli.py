"""The continuous Bernoulli against its integral, against numbers of mpmath's kind, and where libraries clip."""

import math
from fractions import Fraction

import pytest
import torch
from torch.distributions import ContinuousBernoulli

from genlab.losses.continuous_bernoulli import (
    continuous_bernoulli_draw,
    continuous_bernoulli_mean,
    continuous_bernoulli_nll,
    log_normaliser,
)

ETA = [
    -80.0,
    -20.0,
    -3.0,
    -0.21,
    -0.19,
    -0.041,
    -0.039,
    -1e-3,
    0.0,
    1e-6,
    0.039,
    0.05,
    0.19,
    0.21,
    1.0,
    7.0,
    50.0,
    80.0,
]
GRID = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000  # midpoints


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def exact_log_normaliser(eta):
    """log((e^eta - 1) / eta) by its series sum eta^n / (n + 1)!, in whole fractions: no digit is lost."""
    total, term, n = Fraction(0), Fraction(1), 0
    eta = Fraction(eta)
    while n < 400 and (n < 200 or abs(term) > Fraction(1, 10**40)):
        total, n = total + term / (n + 1), n + 1
        term = term * eta / n
    return math.log(total)


@pytest.mark.parametrize("eta", ETA)
def test_it_integrates_to_one_and_its_mean_is_the_one_of_its_density(eta):
    density = (-continuous_bernoulli_nll(doubles(eta).expand(len(GRID), 1), GRID[:, None])).exp()
    assert float(density.mean()) == pytest.approx(1, abs=1e-7)
    assert float((density * GRID).mean()) == pytest.approx(float(continuous_bernoulli_mean(doubles(eta))), abs=1e-7)


@pytest.mark.parametrize("eta", ETA)
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-14), (torch.float32, 2e-6)])
def test_its_normaliser_keeps_its_digits_and_so_does_its_slope(eta, dtype, error):
    logits = torch.tensor(eta, dtype=dtype, requires_grad=True)
    found = log_normaliser(logits)
    found.backward()
    exact = exact_log_normaliser(float(logits.detach()))
    assert found.item() == pytest.approx(exact, abs=error * max(1, abs(eta)))
    around = [exact_log_normaliser(Fraction(float(logits.detach())) + Fraction(sign, 10**4)) for sign in (-1, 1)]
    assert logits.grad.item() == pytest.approx((around[1] - around[0]) / 2e-4, abs=2e-6)


def test_torchs_own_agrees_where_it_does_not_clip():
    eta, x = torch.linspace(-4, 4, 41, dtype=torch.float64)[:, None], torch.rand(41, 7, dtype=torch.float64)
    theirs = -ContinuousBernoulli(logits=eta).log_prob(x).sum(1)
    torch.testing.assert_close(continuous_bernoulli_nll(eta.expand_as(x), x), theirs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        continuous_bernoulli_mean(eta), ContinuousBernoulli(logits=eta).mean, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_at_zero_is_one_half_minus_the_pixel_exactly(dtype):
    x = torch.tensor([[0.0, 0.25, 0.5, 1.0]], dtype=dtype)
    eta = torch.zeros_like(x, requires_grad=True)
    continuous_bernoulli_nll(eta, x).sum().backward()
    assert torch.equal(eta.grad, 0.5 - x)


@pytest.mark.parametrize("eta", ETA)
def test_the_gradient_everywhere_is_the_mean_minus_the_pixel(eta):
    logits = doubles(eta)[None].requires_grad_()
    continuous_bernoulli_nll(logits, doubles(0.3)[None]).sum().backward()
    torch.testing.assert_close(logits.grad[0], continuous_bernoulli_mean(doubles(eta)) - 0.3, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("eta", [1e4, -1e4, 3e38, -3e38])
def test_extreme_logits_are_finite_and_have_a_gradient(eta):
    logits = torch.tensor([[eta]], requires_grad=True)
    wrong = torch.tensor([[0.0 if eta > 0 else 1.0]])
    nll = continuous_bernoulli_nll(logits, wrong)
    nll.sum().backward()
    assert nll.item() == pytest.approx(abs(eta), rel=2e-3)
    assert float(logits.grad) == pytest.approx(math.copysign(1, eta), abs=1e-3)
    assert continuous_bernoulli_mean(logits).item() == pytest.approx(float(eta > 0), abs=2e-4)


def test_draws_have_its_distribution_function_turned_round():
    u = torch.linspace(0.001, 0.999, 333, dtype=torch.float64)
    for eta in ETA:
        x = continuous_bernoulli_draw(doubles(eta).expand_as(u), u)
        back = x if eta == 0 else torch.expm1(eta * x) / math.expm1(eta)
        torch.testing.assert_close(back, u, rtol=1e-9, atol=1e-9)
