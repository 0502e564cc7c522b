"""The standard normal prior, its closed form beside the estimate that any prior has."""

import torch
from torch.distributions import Independent, Normal

from genlab.contracts import DataSpec
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Prior
from genlab.models.priors.standard_normal import StandardNormal

SPEC = DataSpec("x", "images", (1, 2, 2), {}, "0")
DOUBLE = torch.float64


def prior():
    return StandardNormal().bound_to(3, SPEC, lambda x: None)


def stream(seed):
    return torch.Generator().manual_seed(seed)


def test_its_density_is_that_of_torch_distributions():
    z = torch.randn(4, 5, 3, dtype=DOUBLE)
    expected = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1).log_prob(z)
    torch.testing.assert_close(prior().log_prob(z), expected, rtol=0, atol=1e-12)


def test_its_closed_form_is_what_the_estimate_of_every_prior_comes_to():
    q = DiagonalGaussian(torch.tensor([[0.5, -1.0, 0.0]], dtype=DOUBLE), torch.tensor([[0.3, -0.8, 0.0]], dtype=DOUBLE))
    z = q.sample(torch.randn(1, 200_000, 3, generator=stream(0), dtype=DOUBLE))
    spread = (q.log_prob(z) - prior().log_prob(z)).std().item()
    assert abs(Prior.kl(prior(), q, z) - prior().kl(q, z)).item() < 4 * spread / 200_000**0.5
    torch.testing.assert_close(prior().kl(q, z), q.kl())


def test_its_draws_are_standard_normal_and_a_function_of_the_stream():
    drawn = prior().sample(50_000, stream(1), DOUBLE)
    assert drawn.dtype == DOUBLE
    torch.testing.assert_close(drawn.mean(0), torch.zeros(3, dtype=DOUBLE), rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.T.cov(), torch.eye(3, dtype=DOUBLE), rtol=0, atol=0.03)
    assert torch.equal(drawn, prior().sample(50_000, stream(1), DOUBLE))
    assert not torch.equal(drawn, prior().sample(50_000, stream(2), DOUBLE))
