"""The likelihood of images one by one: of a linear Gaussian model it is known, and the bound and its gap are, too."""

import math
from types import SimpleNamespace

import pytest
import torch

from genlab.analysis.nll import Weighed, by_samples, weighed
from genlab.contracts import Images
from genlab.random import normal

W = torch.tensor([[1.0], [-0.5], [2.0]], dtype=torch.float64)  # x = W z + noise, one latent and three pixels
X = torch.tensor([[0.3, -0.1, 0.9], [1.2, 0.1, -0.4], [0.0, 0.2, 0.1]], dtype=torch.float64)


class LinearGaussian:
    """p(z) = N(0, 1), p(x|z) = N(W z, 1), q(z|x) = N(m, s^2) with the s that is given."""

    weight_dtype, device, seed, noise_size, needs = torch.float64, torch.device("cpu"), 5, 1, ()

    def __init__(self, spread):
        self.spread = spread

    def log_weights(self, x, noises, *, label=None):
        precision = 1 + float((W.T @ W).squeeze())
        mean = x.flatten(1) @ W / precision
        for noise in noises:
            z = mean[:, None] + self.spread * noise  # [B, n, 1]
            log_q = -(noise.square() + math.log(2 * math.pi)).sum(2) / 2 - math.log(self.spread)
            log_z = -(z.square() + math.log(2 * math.pi)).sum(2) / 2
            error = (x.flatten(1)[:, None] - z @ W.T).square().sum(2)
            yield log_z - log_q - (error + 3 * math.log(2 * math.pi)) / 2


def subject(spread):
    batches = [
        Images(X[:2, None, None], None, torch.tensor([4, 9])),
        Images(X[2:, None, None], None, torch.tensor([1])),
    ]
    return SimpleNamespace(model=LinearGaussian(spread), split="test", held_out=lambda split, count: batches)


def exact():
    covariance = torch.eye(3, dtype=torch.float64) + W @ W.T
    return -torch.distributions.MultivariateNormal(torch.zeros(3, dtype=torch.float64), covariance).log_prob(X)


def test_with_the_true_posterior_every_sample_gives_the_likelihood():
    spread = (1 + float((W.T @ W).squeeze())) ** -0.5
    found = weighed(subject(spread), 3, 20)
    assert torch.allclose(found.nll(20), exact(), atol=1e-10)
    assert torch.allclose(found.nll(1), exact(), atol=1e-10)
    assert torch.allclose(found.negative_elbo, exact(), atol=1e-10)
    assert torch.allclose(found.effective, torch.full((3,), 20.0, dtype=torch.float64))
    assert found.index.tolist() == [4, 9, 1]


def test_with_another_posterior_many_samples_give_it_and_the_elbo_is_below_by_the_kl():
    true = (1 + float((W.T @ W).squeeze())) ** -0.5
    found = weighed(subject(1.3 * true), 3, 4000)
    assert torch.allclose(found.nll(4000), exact(), atol=0.05)
    gap = (1.3**2 - 1) / 2 - math.log(1.3)
    assert torch.allclose(found.negative_elbo - exact(), torch.full((3,), gap, dtype=torch.float64), atol=0.05)


def test_an_image_has_its_own_noise_wherever_it_stands():
    found = weighed(subject(0.4), 3, 6)
    alone = subject(0.4)
    alone.held_out = lambda split, count: [Images(X[1:2, None, None], None, torch.tensor([9]))]
    assert torch.allclose(weighed(alone, 1, 6).log_w[0], found.log_w[1])
    assert normal(torch.tensor([9]), 0, 1, 1, (5, 6), torch.float64).numel() == 1


def test_the_curve_begins_with_one_sample_and_ends_with_all():
    log_w = torch.randn(50, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = Weighed(torch.zeros(50, 1, 1, 3), torch.arange(50), None, log_w)
    table = by_samples(found)
    assert [row["samples"] for row in table] == [1, 2, 5, 10, 20, 50, 100, 200, 300]
    assert table[0]["nll"] == pytest.approx(float(-log_w[:, 0].mean()))
    assert table[-1]["nll"] == pytest.approx(float((math.log(300) - log_w.logsumexp(1)).mean()))
    assert table[-1]["nll"] < table[0]["nll"]
