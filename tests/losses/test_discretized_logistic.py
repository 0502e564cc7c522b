"""The discretised logistic against the sum over its 256 levels, and where a difference of two numbers would be 0."""

import itertools
import math

import pytest
import torch

from genlab.losses.discretized_logistic import (
    FLOOR,
    discretized_logistic_draw,
    discretized_logistic_mean,
    discretized_logistic_nll,
    parameters_of,
)

GREY = torch.arange(256, dtype=torch.float64) / 255
MEANS, LOG_SCALES = (-3.0, 0.0, 0.02, 0.5, 0.9999, 7.0), (-12.0, FLOOR, -5.0, -2.0, 0.0, 3.0)


def single(mean, log_scale, dtype=torch.float64):
    """A decoder's output for one pixel, [1, 2, 1, 1, 1]."""
    return torch.tensor([mean, log_scale], dtype=dtype).view(1, 2, 1, 1, 1)


def mass(output):
    """The probability of each of the 256 levels of one pixel, [256]."""
    x = GREY.to(output.dtype).view(-1, 1, 1, 1)
    return (-discretized_logistic_nll(output.expand(256, *output.shape[1:]), x)).exp()


@pytest.mark.parametrize(("mean", "log_scale"), list(itertools.product(MEANS, LOG_SCALES)))
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 3e-5)])
def test_the_levels_have_probability_one_together(mean, log_scale, dtype, error):
    assert float(mass(single(mean, log_scale, dtype)).sum()) == pytest.approx(1, abs=error)


def test_a_level_is_the_share_of_the_logistic_nearest_to_it():
    mean, scale = 0.3, 0.02
    edges = (torch.arange(255, dtype=torch.float64) + 0.5) / 255
    below = torch.cat([torch.zeros(1), ((edges - mean) / scale).sigmoid(), torch.ones(1)])
    torch.testing.assert_close(mass(single(mean, math.log(scale))), below.diff(), rtol=1e-9, atol=1e-12)


def mixed(components=3, count=5, seed=0):
    dice = torch.Generator().manual_seed(seed)
    shape = (count, components, 3, 4, 2)
    logits, means = (torch.randn(shape, generator=dice, dtype=torch.float64) for _ in range(2))
    return logits, means / 4 + 0.5, torch.randn(shape, generator=dice, dtype=torch.float64) - 3


def test_a_mixture_is_the_weighted_sum_and_sums_to_one():
    logits, means, scales = mixed()
    output, x = torch.cat([logits, means, scales], 1), (torch.rand(5, 3, 4, 2, dtype=torch.float64) * 255).round() / 255
    each = []
    for m in range(3):
        alone = torch.stack([means[:, m], scales[:, m]], 1)  # [5, 2, 3, 4, 2]
        by_pixel = alone.movedim(1, -1).reshape(-1, 2, 1, 1, 1)
        each.append(discretized_logistic_nll(by_pixel, x.reshape(-1, 1, 1, 1)).neg().exp())
    weights = logits.softmax(1).movedim(1, -1).reshape(-1, 3)
    expected = -(torch.stack(each, 1) * weights).sum(1).log().view(5, -1).sum(1)
    torch.testing.assert_close(discretized_logistic_nll(output, x), expected)
    one = output[:1, :, :1, :1, :1]
    assert float(mass(one).sum()) == pytest.approx(1, abs=1e-12)


def test_equal_components_are_one():
    mean, scale = torch.rand(4, 1, 1, 3, 3), torch.randn(4, 1, 1, 3, 3)
    x = (torch.rand(4, 1, 3, 3) * 255).round() / 255
    twice = torch.cat([torch.zeros(4, 2, 1, 3, 3), mean, mean, scale, scale], 1)
    torch.testing.assert_close(
        discretized_logistic_nll(twice, x), discretized_logistic_nll(torch.cat([mean, scale], 1), x)
    )


@pytest.mark.parametrize(("mean", "log_scale"), list(itertools.product((-1e4, 0.2, 1e4), (-1e4, -7.0, 1e4))))
def test_extreme_outputs_have_a_finite_loss_and_gradient(mean, log_scale):
    output = single(mean, log_scale, torch.float32).repeat(3, 1, 1, 1, 1).requires_grad_()
    nll = discretized_logistic_nll(output, torch.tensor([0.0, 0.5, 1.0]).view(3, 1, 1, 1))
    nll.sum().backward()
    assert nll.isfinite().all()
    assert output.grad.isfinite().all()


def test_the_gradient_is_the_one_of_small_steps():
    output = torch.cat(mixed(2, 2), 1)[:, :, :1].clone().requires_grad_()
    x = torch.tensor([0, 1 / 255, 0.5, 1, 1, 0.25, 254 / 255, 0], dtype=torch.float64).repeat(2).view(2, 1, 4, 2)
    assert torch.autograd.gradcheck(lambda o: discretized_logistic_nll(o, x), output)


@pytest.mark.parametrize(
    ("mean", "log_scale"), list(itertools.product((-0.2, 0.0, 0.31, 0.998, 1.5), (FLOOR, -5.0, -3.0, 0.0)))
)
def test_the_mean_image_is_the_mean_of_the_levels_within_half_of_one(mean, log_scale):
    output = single(mean, log_scale)
    exact, scale = float((mass(output) * GREY).sum()), 255 * math.exp(log_scale)
    found = float(discretized_logistic_mean(output))
    assert found == pytest.approx(exact, abs=(0.5001 if scale < 1 else 0.011) / 255)
    assert 0 <= found <= 1


def test_draws_are_levels_as_often_as_they_are_probable():
    logits, means, scales = mixed(3, 1, seed=4)
    output = torch.cat([logits, means, scales], 1)[:, :, :1, :1, :1]
    count = 200_000
    uniform = torch.rand(2, count, 1, 1, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn = discretized_logistic_draw(output.expand(count, -1, -1, -1, -1), uniform)
    levels = drawn.flatten() * 255
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-9)
    shares = torch.bincount(levels.round().long(), minlength=256) / count
    expected = mass(output)
    assert bool((shares - expected).abs().le(5 * (expected / count).sqrt() + 1e-5).all())


def test_a_decoder_puts_out_two_numbers_or_three_for_each_component():
    assert [parameters_of(m) for m in (1, 2, 5)] == [2, 6, 15]
