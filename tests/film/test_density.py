"""Densities on a line against scipy's, and D's optimum against proposition 1 of Goodfellow et al., 2014."""

import numpy as np
import pytest
from scipy import stats

from genlab.film.density import KERNEL, Densities, kernel_density
from genlab.film.frame import Frame, Scene

X = np.linspace(-3, 3, 301)
CENTRES = np.array([[-1.0], [1.0]], np.float32)


def frame(fake):
    return Frame(0, np.array([[-3.0], [3.0]]), np.zeros(301), fake.astype(np.float32)[:, None])


def mixture(x, sigma):
    return (stats.norm(-1, sigma).pdf(x) + stats.norm(1, sigma).pdf(x)) / 2


def draws(count, sigma=0.3, seed=0):
    dice = np.random.default_rng(seed)
    return dice.choice([-1.0, 1.0], count) + sigma * dice.standard_normal(count)


def test_a_kernel_density_is_scipys():
    points = draws(200)
    width = 0.1
    expected = stats.gaussian_kde(points, width / points.std(ddof=1))(X)
    np.testing.assert_allclose(kernel_density(X, points, width), expected, rtol=1e-9)


def test_a_known_density_is_seen_through_the_kernel_of_the_samples():
    """So draws of the data have the data's own curve, whatever the kernel does to both; proposition 1: 1/2 is best then."""
    known = Densities(Scene("", draws(500)[:, None], CENTRES, 0.3), X)
    np.testing.assert_allclose(known.real, mixture(X, 0.3 * np.hypot(1, KERNEL)), rtol=1e-6)
    q = known.generated(frame(draws(20_000, seed=1)))
    np.testing.assert_allclose(q, known.real, atol=0.05)
    where = known.real > 0.1
    np.testing.assert_allclose(known.optimum(q)[where], 0.5, atol=0.05)
    assert known.total_variation(q) < 0.03


def test_the_best_d_is_p_over_p_plus_q_where_anything_has_been_seen():
    known = Densities(Scene("", draws(500)[:, None], CENTRES, 0.3), X)
    q = known.generated(frame(np.full(100, 1.0)))
    best = known.optimum(q)
    spike = stats.norm(1, KERNEL * 0.3).pdf(X)
    seen = np.abs(X) < 1.5
    np.testing.assert_allclose(best[seen], (known.real / (known.real + spike))[seen], rtol=1e-5)
    assert np.isnan(best[[0, -1]]).all()  # 2 away from the nearest centre: nearly 7 sigma


def test_total_variation_is_that_of_two_gaussians():
    """Between N(-m, s) and N(m, s): 2 Phi(m / s) - 1."""
    known = Densities(Scene("", np.zeros((5, 1)), np.array([[-0.2]], np.float32), 0.5), X)
    own = stats.norm(0.2, 0.5 * np.hypot(1, KERNEL)).pdf(X)
    expected = 2 * stats.norm.cdf(0.2 / (0.5 * np.hypot(1, KERNEL))) - 1
    assert known.total_variation(own) == pytest.approx(expected, abs=1e-4)


def test_an_unknown_density_is_that_of_the_real_points_and_no_d_is_called_best():
    points = draws(2000, sigma=0.5)
    unknown = Densities(Scene("", points[:, None]), X)
    assert not unknown.known
    np.testing.assert_allclose(unknown.real, mixture(X, 0.5), atol=0.1)
    assert np.isnan(unknown.optimum(unknown.real)).all()
