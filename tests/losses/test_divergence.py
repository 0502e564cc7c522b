"""Known answers: torch.distributions, integration, Monte Carlo, and the lecture's discrete example."""

import torch
from torch.distributions import Independent, Normal, kl_divergence

from genlab.losses.divergence import gaussian_kl, gaussian_log_density


def test_kl_is_that_of_torch_distributions():
    mean, logvar = torch.randn(64, 7, dtype=torch.float64), torch.randn(64, 7, dtype=torch.float64)
    q = Independent(Normal(mean, (0.5 * logvar).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    torch.testing.assert_close(gaussian_kl(mean, logvar), kl_divergence(q, prior), rtol=1e-12, atol=1e-12)


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    zeros = torch.zeros(3, 5, dtype=torch.float64)
    assert gaussian_kl(zeros, zeros).eq(0).all()
    assert gaussian_kl(zeros + 0.1, zeros - 0.2).gt(0).all()


def test_kl_is_the_integral_of_its_definition():
    mean, logvar = torch.tensor([[0.7]], dtype=torch.float64), torch.tensor([[-0.9]], dtype=torch.float64)
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    q, p = Normal(mean, (0.5 * logvar).exp()), Normal(0.0, 1.0)
    integrand = q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z))
    torch.testing.assert_close(torch.trapezoid(integrand, z), gaussian_kl(mean, logvar), rtol=1e-9, atol=1e-9)


def test_log_density_is_that_of_torch_distributions():
    z, mean, logvar = torch.randn(3, 10, 4, dtype=torch.float64)
    expected = Normal(mean, (0.5 * logvar).exp()).log_prob(z).sum(-1)
    torch.testing.assert_close(gaussian_log_density(z, mean, logvar), expected)


def test_kl_and_log_density_are_float32_whatever_comes_in():
    z, mean, logvar = torch.randn(3, 4, 200).bfloat16()
    for half, whole in (
        (gaussian_kl(mean, logvar), gaussian_kl(mean.float(), logvar.float())),
        (gaussian_log_density(z, mean, logvar), gaussian_log_density(z.float(), mean.float(), logvar.float())),
    ):
        assert half.dtype == torch.float32
        assert torch.equal(half, whole)
