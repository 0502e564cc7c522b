"""KID: the sum of its definition, unbiased, the reference's mean and standard deviation, drawn by its own seed."""

import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from genlab.metrics import kernel
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.kernel import KID, drawn, kernel_distances, mmd2


def cloud(n, d, seed, shift=0.0, scale=1.0):
    stream = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(n, d, generator=stream, dtype=torch.float64)


def test_mmd_is_unbiased_around_zero_and_the_sum_of_its_definition():
    x, y = cloud(30, 4, 0), cloud(20, 4, 1)

    def k(a, b):
        return (float(a @ b) / 4 + 1) ** 3

    xx = sum(k(x[i], x[j]) for i in range(30) for j in range(30) if i != j) / (30 * 29)
    yy = sum(k(y[i], y[j]) for i in range(20) for j in range(20) if i != j) / (20 * 19)
    xy = sum(k(a, b) for a in x for b in y) / 600
    assert float(mmd2(x, y)) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)
    same = [float(mmd2(cloud(60, 4, s), cloud(60, 4, s + 1000))) for s in range(200)]
    spread = torch.tensor(same).std() / 200**0.5
    assert abs(sum(same) / 200) < 4 * spread


def test_mean_and_sd_over_subsets_are_torch_fidelity_s(monkeypatch):
    for n, m, d in ((400, 350, 32), (150, 120, 300)):  # fewer draws in all than features, and more
        x, y = cloud(n, d, 0).abs().float(), cloud(m, d, 1, 0.1, 1.1).abs().float()
        settings = {"kid_subsets": 20, "kid_subset_size": 100, "rng_seed": 2020, "verbose": False}
        told = kid_features_to_metric(x, y, **settings)
        found = KID(20, 100, 2020)(FeatureSet(y), FeatureSet(x), torch.device("cpu"))
        assert found["kid"] == pytest.approx(told["kernel_inception_distance_mean"], rel=1e-4)
        assert found["kid_sd"] == pytest.approx(told["kernel_inception_distance_std"], rel=1e-3)


def test_a_shared_gram_matrix_gives_what_one_a_subset_gives(monkeypatch):
    x, y = cloud(90, 8, 0), cloud(70, 8, 1)
    shared = kernel_distances(x, y, 30, 60, 0)
    alone = torch.stack([mmd2(x[i], y[j]) for i, j in drawn((90, 70), 30, 60, 0)])
    monkeypatch.setattr(kernel, "ENTRIES", 500)
    assert torch.allclose(shared, alone, rtol=1e-9)
    assert torch.allclose(kernel_distances(x, y, 2, 60, 0), shared[:2], rtol=1e-9)  # too few to share one


def test_kid_draws_nothing_from_the_global_random_states():
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    x, y = cloud(50, 4, 0), cloud(50, 4, 1)
    assert torch.equal(kernel_distances(x, y, 5, 40, 0), kernel_distances(x, y, 5, 40, 0))
    assert not torch.equal(kernel_distances(x, y, 5, 40, 0), kernel_distances(x, y, 5, 40, 1))
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()


def test_fewer_images_than_a_subset_are_all_taken_and_it_is_said():
    x, y = cloud(40, 4, 0), cloud(60, 4, 1)
    measure = KID(5, 50, 0)
    found = measure(FeatureSet(x.float()), FeatureSet(y.float()), torch.device("cpu"))
    assert found == {"kid": pytest.approx(float(mmd2(x, y)), rel=1e-5)}
    assert "40 images, fewer than metrics.kid.measure.subset_size=50" in measure.note(40, 60)
    assert measure.note(50, 60) is None


def test_products_in_float32_cost_nothing_that_counts():
    x, y = cloud(1000, 512, 0).abs().float(), cloud(1000, 512, 1).abs().float()
    assert float(mmd2(x, y)) == pytest.approx(float(mmd2(x.double(), y.double())), abs=2e-9)


def test_the_kid_of_two_gaussians_is_the_closed_form():
    """x, y normal, independent, of means a and b and variance 1: E(x.y / d + 1)^3 from the moments of x.y."""
    d, shift = 6, 0.7

    def expected(a, b):
        m, v = a @ b, a @ a + b @ b + d  # of x.y; its third central moment is 6 a.b
        u = 1 + m / d
        return u**3 + 3 * u * v / d**2 + 6 * m / d**3

    a, b = np.zeros(d), np.full(d, shift)
    closed = expected(a, a) + expected(b, b) - 2 * expected(a, b)
    found = torch.tensor([float(mmd2(cloud(300, d, s), cloud(300, d, s + 1000, shift))) for s in range(60)])
    assert abs(found.mean() - closed) < 4 * found.std() / 60**0.5 < 0.1 * closed
