"""A posterior for each image, with any number of draws from each: beside torch.distributions."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from genlab.models.base.distributions import DiagonalGaussian

DICE = torch.Generator().manual_seed(0)
MEAN, LOGVAR = torch.randn(2, 6, 3, generator=DICE, dtype=torch.float64)
Q = DiagonalGaussian(MEAN, LOGVAR)
THEIRS = Independent(Normal(MEAN, (0.5 * LOGVAR).exp()), 1)  # 6 distributions over 3 numbers


@pytest.mark.parametrize("draws", [(), (1,), (5,), (2, 4)])
def test_density_and_draws_are_those_of_each_images_own_distribution(draws):
    noise = torch.randn(6, *draws, 3, generator=DICE, dtype=torch.float64)
    z = Q.sample(noise)
    first = noise.movedim(0, -2)  # draws first, as torch.distributions has them
    torch.testing.assert_close(z.movedim(0, -2), MEAN + (0.5 * LOGVAR).exp() * first, rtol=0, atol=1e-12)
    expected = THEIRS.log_prob(z.movedim(0, -2)).movedim(-1, 0)
    torch.testing.assert_close(Q.log_prob(z), expected, rtol=0, atol=1e-10)


def test_kl_is_that_to_the_standard_normal():
    prior = Independent(Normal(torch.zeros_like(MEAN), torch.ones_like(MEAN)), 1)
    torch.testing.assert_close(Q.kl(), kl_divergence(THEIRS, prior), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_draws_have_the_precision_of_the_noise_and_densities_float32_at_least(dtype):
    half = DiagonalGaussian(MEAN.bfloat16(), LOGVAR.bfloat16())
    z = half.sample(torch.randn(6, 5, 3, dtype=dtype))
    assert z.dtype == dtype
    whole = DiagonalGaussian(MEAN.bfloat16().float(), LOGVAR.bfloat16().float())
    for mine, other in ((half.log_prob(z), whole.log_prob(z.to(mine_dtype(dtype)))), (half.kl(), whole.kl())):
        assert mine.dtype == other.dtype
        assert torch.equal(mine, other)


def mine_dtype(dtype):
    """What densities of draws of a precision are computed in."""
    return torch.float64 if dtype == torch.float64 else torch.float32
