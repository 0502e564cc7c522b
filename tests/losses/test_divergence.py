"""Known answers: torch.distributions, integration, Monte Carlo, and the lecture's discrete example."""

import math

import pytest
import torch
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl_divergence,
)

from genlab.losses.divergence import (
    gaussian_kl,
    gaussian_kl_between,
    gaussian_log_density,
    mixture_log_density,
)
from genlab.metrics.histogram import reverse_kl


def test_kl_is_that_of_torch_distributions():
    mean, logvar = torch.randn(64, 7, dtype=torch.float64), torch.randn(64, 7, dtype=torch.float64)
    q = Independent(Normal(mean, (0.5 * logvar).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    torch.testing.assert_close(gaussian_kl(mean, logvar), kl_divergence(q, prior), rtol=1e-12, atol=1e-12)


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    zeros = torch.zeros(3, 5, dtype=torch.float64)
    assert gaussian_kl(zeros, zeros).eq(0).all()
    assert gaussian_kl(zeros + 0.1, zeros - 0.2).gt(0).all()


def test_kl_is_never_negative_in_single_precision_and_right_near_the_prior():
    logvar = torch.logspace(-9, -1, 500)
    logvar = torch.cat([logvar, -logvar])[:, None]
    found, exact = (gaussian_kl(torch.zeros_like(x), x) for x in (logvar, logvar.double()))
    assert found.ge(0).all()
    torch.testing.assert_close(found.double(), exact, rtol=2e-3, atol=1e-12)


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


def test_kl_between_two_gaussians_is_that_of_torch_distributions_and_never_negative():
    mean, logvar, other_mean, other_logvar = torch.randn(4, 6, 3, 7, dtype=torch.float64)
    q, p = (Independent(Normal(m, (v / 2).exp()), 1) for m, v in ((mean, logvar), (other_mean, other_logvar)))
    found = gaussian_kl_between(mean, logvar, other_mean, other_logvar)
    torch.testing.assert_close(found, kl_divergence(q, p), rtol=1e-12, atol=1e-12)
    assert found.min() > 0
    assert gaussian_kl_between(mean, logvar, mean, logvar).abs().max() < 1e-14


def test_the_density_of_a_mixture_is_that_of_torch_distributions_also_of_narrow_components_far_out():
    z, mean, logvar = 5 * torch.randn(2, 3, 4), 5 * torch.randn(9, 4), torch.randn(9, 4) - 8
    parts = Independent(Normal(mean.double(), (logvar.double() / 2).exp()), 1)
    expected = MixtureSameFamily(Categorical(torch.ones(9, dtype=torch.float64)), parts).log_prob(z.double())
    found = mixture_log_density(z, mean, logvar)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(mixture_log_density(z, mean, logvar), found)


def test_the_lectures_discrete_example_has_its_two_values():
    p, uniform = torch.tensor([0.25, 0.5, 0.25]), torch.ones(3) / 3
    assert reverse_kl(p, uniform) == pytest.approx(math.log(3) - 1.5 * math.log(2), abs=1e-7)  # 0.0589 nats
    assert reverse_kl(uniform, p) == pytest.approx(5 / 3 * math.log(2) - math.log(3), abs=1e-7)  # 0.0566 nats


def test_kl_is_not_symmetric():
    narrow, wide = (torch.zeros(1, 1), torch.full((1, 1), -2.0)), (torch.ones(1, 1), torch.zeros(1, 1))
    there, back = gaussian_kl_between(*narrow, *wide), gaussian_kl_between(*wide, *narrow)
    assert there.item() == pytest.approx(0.5 * (math.exp(-2) + 1 - 1 + 2))
    assert back.item() == pytest.approx(0.5 * (2 * math.exp(2) - 1 - 2))


def test_kl_is_the_mean_of_the_difference_of_log_densities_over_draws():
    generator = torch.Generator().manual_seed(0)
    mean, logvar = torch.tensor([0.5, -1.0, 0.2]), torch.tensor([-0.5, 0.3, -1.0])
    z = mean + (0.5 * logvar).exp() * torch.randn(100_000, 3, generator=generator)
    drawn = gaussian_log_density(z, mean, logvar) - gaussian_log_density(z, torch.zeros(3), torch.zeros(3))
    exact = gaussian_kl(mean[None], logvar[None]).item()
    assert abs(drawn.mean().item() - exact) < 4 * drawn.std().item() / math.sqrt(len(z))


def test_kl_between_full_covariances_is_the_corrected_formula_in_any_basis():
    """A change of basis leaves the KL as it is, and makes full covariances of diagonal ones."""
    generator = torch.Generator().manual_seed(0)
    mean, logvar, other_mean, other_logvar = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    basis = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    m1, m2 = basis @ mean, basis @ other_mean
    s1, s2 = (basis @ torch.diag(v.exp()) @ basis.T for v in (logvar, other_logvar))
    inverse, apart = s2.inverse(), m2 - m1
    formula = 0.5 * (torch.logdet(s2) - torch.logdet(s1) - 5 + (inverse @ s1).trace() + apart @ inverse @ apart)
    torch.testing.assert_close(gaussian_kl_between(mean, logvar, other_mean, other_logvar), formula)
    torch.testing.assert_close(kl_divergence(MultivariateNormal(m1, s1), MultivariateNormal(m2, s2)), formula)
