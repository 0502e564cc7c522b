"""The mixture of all posteriors against torch.distributions, and its terms against closed forms of Gaussian codes."""

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from genlab.metrics import aggregate_posterior
from genlab.metrics.aggregate_posterior import ACTIVE, Posteriors, decomposition

DICE = torch.Generator().manual_seed(3)
N, D = 7, 3
SOME = Posteriors(*torch.randn(2, N, D, generator=DICE, dtype=torch.float64))


def drawn(posteriors, count):
    """``count`` codes, the images in turn."""
    n = torch.arange(count) % len(posteriors.mean)
    noise = torch.randn(count, posteriors.mean.shape[1], generator=DICE, dtype=torch.float64)
    return posteriors.draw(n, noise), n


def log_normal(z):
    """log N(z | 0, I)."""
    return Normal(0.0, 1.0).log_prob(z).sum(1)


@pytest.mark.parametrize("at_once", [1, 3 * N, 1 << 18])
def test_joint_and_marginals_are_those_of_a_mixture(at_once, monkeypatch):
    monkeypatch.setattr(aggregate_posterior, "AT_ONCE", at_once)
    z, _ = drawn(SOME, 20)
    normals, even = Normal(SOME.mean, (0.5 * SOME.logvar).exp()), Categorical(torch.ones(N, dtype=torch.float64))
    joint, marginals = SOME.log_mixture(z)
    torch.testing.assert_close(joint, MixtureSameFamily(even, Independent(normals, 1)).log_prob(z), rtol=1e-12, atol=0)
    each = [
        MixtureSameFamily(even, Normal(normals.mean[:, j], normals.stddev[:, j])).log_prob(z[:, j]) for j in range(D)
    ]
    torch.testing.assert_close(marginals, sum(each), rtol=1e-12, atol=0)


def test_a_code_is_likely_under_its_own_image():
    z, n = drawn(SOME, 20)
    expected = Normal(SOME.mean[n], (0.5 * SOME.logvar[n]).exp()).log_prob(z).sum(1)
    torch.testing.assert_close(SOME.log_prob(z, n), expected, rtol=1e-12, atol=0)


def test_the_three_terms_sum_to_the_kl_of_the_same_codes():
    z, n = drawn(SOME, 50)
    terms = decomposition(SOME, z, n, log_normal(z))
    torch.testing.assert_close(sum(terms), SOME.log_prob(z, n) - log_normal(z), rtol=0, atol=1e-12)


@pytest.mark.parametrize("apart", [1.0, 1e3])
def test_mutual_information_is_at_most_log_n_and_reaches_it_where_codes_tell_all_images_apart(apart):
    mean = apart * torch.arange(50, dtype=torch.float64)[:, None].expand(-1, 2)
    posteriors = Posteriors(mean.contiguous(), torch.full((50, 2), -2.0, dtype=torch.float64))
    z, n = drawn(posteriors, 400)
    information = decomposition(posteriors, z, n, log_normal(z)).mutual_information
    assert information.max() <= math.log(50) + 1e-9
    if apart > 1:
        torch.testing.assert_close(
            information.mean(), torch.tensor(math.log(50), dtype=torch.float64), rtol=1e-9, atol=0
        )


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_gaussian_codes_meet_their_closed_form(correlation):
    """Means from N(0, S) and variance 1/4: q(z) is N(0, S + I/4) but for the finite number of images."""
    images, d = 4000, 3
    shape = torch.full((d, d), correlation, dtype=torch.float64).fill_diagonal_(1.0)
    mean = torch.randn(images, d, generator=DICE, dtype=torch.float64) @ torch.linalg.cholesky(shape).T
    mean = (
        (mean - mean.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(mean.T.cov())).T @ torch.linalg.cholesky(shape).T
    )
    posteriors = Posteriors(mean, torch.full((images, d), math.log(0.25), dtype=torch.float64))
    z, n = drawn(posteriors, 4000)
    terms = decomposition(posteriors, z, n, log_normal(z))
    whole = shape + 0.25 * torch.eye(d).double()
    information = 0.5 * (torch.logdet(whole) - d * math.log(0.25))
    correlated = 0.5 * (whole.diagonal().log().sum() - torch.logdet(whole))
    apart = 0.5 * (whole.diagonal() - 1 - whole.diagonal().log()).sum()
    for found, true, slack in zip(terms, (information, correlated, apart), (0.03, 0.03, 0.01), strict=True):
        error = float(found.std()) / math.sqrt(len(found))
        assert abs(float(found.mean() - true)) < 4 * error + slack
    joint, _ = posteriors.log_mixture(z)
    exact = MultivariateNormal(torch.zeros(d).double(), whole).log_prob(z)
    assert abs(float((joint - exact).mean())) < 0.03


def test_codes_that_ignore_their_image_say_nothing():
    posteriors = Posteriors(torch.zeros(30, 4).double(), torch.zeros(30, 4).double())
    z, n = drawn(posteriors, 60)
    for term in decomposition(posteriors, z, n, log_normal(z)):
        torch.testing.assert_close(term, torch.zeros_like(term), rtol=0, atol=1e-12)
    assert not posteriors.active().any()
    torch.testing.assert_close(posteriors.kl_by_dimension(), torch.zeros(4).double())


def test_a_unit_is_active_by_the_unbiased_variance_of_its_means_over_all_images():
    """Two images 2a apart have the variance 2 a^2, by N instead of N - 1 half of it."""
    a = math.sqrt(0.75 * ACTIVE)
    mean = torch.tensor([[-a, -1.0, 0.0], [a, -1.0, 0.1]], dtype=torch.float64)
    posteriors = Posteriors(
        mean, torch.full((2, 3), 3.0, dtype=torch.float64)
    )  # wide: their own variance does not count
    assert posteriors.active().tolist() == [True, False, False]
    assert not Posteriors(mean[:1], mean[:1]).active().any()


def test_the_kl_by_dimension_sums_to_the_kl():
    each = torch.distributions.kl_divergence(Normal(SOME.mean, (0.5 * SOME.logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(SOME.kl_by_dimension(), each.mean(0), rtol=1e-12, atol=0)
