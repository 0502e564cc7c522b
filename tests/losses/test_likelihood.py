"""Reconstruction terms against torch.distributions, and at the edges where hand-made ones break."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Laplace, Normal

from genlab.losses.continuous_bernoulli import continuous_bernoulli_nll
from genlab.losses.discretized_logistic import discretized_logistic_nll
from genlab.losses.likelihood import bernoulli_nll, bits_per_dimension, gaussian_nll, laplace_nll

X = torch.rand(5, 3, 4, 4, dtype=torch.float64)
BY_NAME = {
    "bernoulli": bernoulli_nll,
    "continuous_bernoulli": continuous_bernoulli_nll,
    "gaussian": lambda out, x: gaussian_nll(out, x, torch.tensor(-1.0)),
    "laplace": lambda out, x: laplace_nll(out, x, torch.tensor(-1.0)),
    "discretized_logistic": discretized_logistic_nll,
}
ALL = dict.fromkeys(BY_NAME, ()) | {"discretized_logistic": (6,)}  # numbers for each pixel, before the channels


def test_bernoulli_is_the_sum_over_pixels_of_each_image():
    logits, binary = torch.randn_like(X), (X > 0.5).double()
    expected = -Bernoulli(logits=logits).log_prob(binary).sum((1, 2, 3))
    torch.testing.assert_close(bernoulli_nll(logits, binary), expected)


def test_grey_pixels_under_a_bernoulli_never_cost_less_than_their_entropy():
    entropy = -(X * X.log() + (1 - X) * (1 - X).log()).sum((1, 2, 3))
    torch.testing.assert_close(bernoulli_nll(X.logit(), X), entropy)
    assert bernoulli_nll(X.logit() + 0.1, X).gt(entropy).all()


def test_logits_far_out_keep_their_gradient():
    logits = torch.full((1, 1, 1, 1), 40.0, requires_grad=True)
    loss = bernoulli_nll(logits, torch.zeros_like(logits))
    loss.sum().backward()
    assert loss.item() == pytest.approx(40)
    assert logits.grad.item() == pytest.approx(1)


def test_gaussian_is_the_density():
    mean, log_sigma = torch.rand_like(X), torch.tensor(-1.3, dtype=torch.float64)
    expected = -Normal(mean, log_sigma.exp()).log_prob(X).sum((1, 2, 3))
    torch.testing.assert_close(gaussian_nll(mean, X, log_sigma), expected)


def test_sigma_one_is_half_the_squared_error_and_a_constant():
    mean = torch.rand_like(X)
    half_sse = 0.5 * (X - mean).square().sum((1, 2, 3))
    constant = 48 * 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(gaussian_nll(mean, X, torch.tensor(0.0)), half_sse + constant)


def test_learned_sigma_is_best_at_the_root_of_the_mean_squared_error():
    mean = torch.rand_like(X)
    best = 0.5 * (X - mean).square().mean().log()
    at = [gaussian_nll(mean, X, best + shift).mean() for shift in (-0.01, 0.0, 0.01)]
    assert at[1] < at[0] and at[1] < at[2]


def test_half_precision_pixels_are_summed_in_float32():
    out, x = torch.randn(3, 1, 20, 20).bfloat16(), torch.rand(3, 1, 20, 20).bfloat16()
    log_sigma = torch.tensor(-1.0)
    for half, whole in (
        (bernoulli_nll(out, x), bernoulli_nll(out.float(), x.float())),
        (gaussian_nll(out, x, log_sigma), gaussian_nll(out.float(), x.float(), log_sigma)),
    ):
        assert half.dtype == torch.float32
        assert torch.equal(half, whole)


def test_laplace_is_the_density():
    mean, log_scale = torch.rand_like(X), torch.tensor(-1.3, dtype=torch.float64)
    expected = -Laplace(mean, log_scale.exp()).log_prob(X).sum((1, 2, 3))
    torch.testing.assert_close(laplace_nll(mean, X, log_scale), expected)


def test_a_learned_scale_is_best_at_the_mean_absolute_error():
    mean = torch.rand_like(X)
    best = (X - mean).abs().mean().log()
    at = [laplace_nll(mean, X, best + shift).mean() for shift in (-0.01, 0.0, 0.01)]
    assert at[1] < at[0] and at[1] < at[2]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_logit_of_50_on_a_black_pixel_costs_50_and_has_the_gradient_1(precision):
    layer = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(layer.weight, 50.0)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        logits = layer(torch.ones(1, 1))
        logits.retain_grad()
        bernoulli = bernoulli_nll(logits, torch.zeros(1, 1))
        continuous = continuous_bernoulli_nll(logits, torch.zeros(1, 1))
    assert logits.dtype == precision
    assert bernoulli.item() == 50
    assert continuous.item() == pytest.approx(50 - math.log(50), rel=1e-6)
    bernoulli.sum().backward()
    assert logits.grad.item() == 1


@pytest.mark.parametrize("nll", ALL)
def test_single_and_double_precision_agree_and_every_image_has_one_value(nll):
    dice = torch.Generator().manual_seed(2)
    x, out = torch.rand(5, 3, 4, 4, generator=dice), torch.randn(5, *ALL[nll], 3, 4, 4, generator=dice)
    of = BY_NAME[nll]
    found, precise = of(out, x), of(out.double(), x.double())
    assert (found.dtype, precise.dtype, found.shape) == (torch.float32, torch.float64, (5,))
    torch.testing.assert_close(found.double(), precise, rtol=2e-5, atol=1e-3)
    torch.testing.assert_close(of(out[:2], x[:2]), found[:2])


def test_bits_per_dimension_of_a_coin_for_every_pixel_are_one():
    nats = bernoulli_nll(torch.zeros(2, 3, 4, 5), torch.ones(2, 3, 4, 5))
    torch.testing.assert_close(bits_per_dimension(nats, (3, 4, 5)), torch.ones(2))
