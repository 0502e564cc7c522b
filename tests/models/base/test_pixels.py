"""How pixels are distributed around what a decoder gives: the density, its mean image, and where sigma begins."""

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal

from genlab.models.base.pixels import Pixels

OUTPUT = torch.linspace(-1.5, 1.5, 24).reshape(2, 3, 2, 2)
X = torch.rand(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))


def test_a_fixed_sigma_is_the_standard_deviation_and_is_not_trained():
    pixels = Pixels("gaussian", 0.3)
    torch.testing.assert_close(pixels.nll(OUTPUT, X), -Normal(OUTPUT, 0.3).log_prob(X).sum((1, 2, 3)))
    assert list(pixels.parameters()) == []
    assert "sigma 0.3" in pixels.note


def test_a_learned_sigma_begins_at_one_and_is_trained_to_the_root_of_the_mean_squared_error():
    pixels = Pixels("gaussian", "learned")
    torch.testing.assert_close(pixels.nll(OUTPUT, X), -Normal(OUTPUT, 1.0).log_prob(X).sum((1, 2, 3)))
    (log_sigma,) = pixels.parameters()
    with torch.no_grad():
        log_sigma.copy_((OUTPUT - X).square().mean().log() / 2)
    pixels.nll(OUTPUT, X).mean().backward()
    assert log_sigma.grad.item() == pytest.approx(0, abs=1e-4)


def test_a_bernoulli_takes_logits_and_has_no_sigma_to_train():
    pixels = Pixels("bernoulli", "learned")
    black_or_white = (X > 0.5).float()
    expected = -Bernoulli(logits=OUTPUT).log_prob(black_or_white).sum((1, 2, 3))
    torch.testing.assert_close(pixels.nll(OUTPUT, black_or_white), expected)
    assert not any(isinstance(value, nn.Parameter) for value in pixels.parameters())
    assert "not a likelihood" in pixels.note


def test_mean_images_lie_in_0_to_1():
    torch.testing.assert_close(Pixels("bernoulli", 1.0).mean(OUTPUT), 1 / (1 + (-OUTPUT).exp()))
    torch.testing.assert_close(Pixels("gaussian", 1.0).mean(OUTPUT), OUTPUT.clamp(0, 1))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_of_several_outputs_for_an_image_each_has_its_own_density(likelihood):
    pixels, outputs = Pixels(likelihood, 0.3), torch.stack([OUTPUT, 2 * OUTPUT, -OUTPUT], 1)  # [2, 3, 3, 2, 2]
    expected = torch.stack([pixels.nll(outputs[:, k], X) for k in range(3)], 1)
    torch.testing.assert_close(pixels.nll(outputs.flatten(0, 1), X).view(len(X), 3), expected)
