"""KID: the sum of its definition, unbiased, and drawn by its own seed."""

import pytest
import torch

from genlab.metrics.kernel import kernel_distance, mmd2


def cloud(n, d, seed, shift=0.0, scale=1.0):
    stream = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(n, d, generator=stream, dtype=torch.float64)


def test_mmd_is_unbiased_around_zero_and_the_sum_of_its_definition():
    x, y = cloud(30, 4, 0), cloud(20, 4, 1)

    def kernel(a, b):
        return (float(a @ b) / 4 + 1) ** 3

    xx = sum(kernel(x[i], x[j]) for i in range(30) for j in range(30) if i != j) / (30 * 29)
    yy = sum(kernel(y[i], y[j]) for i in range(20) for j in range(20) if i != j) / (20 * 19)
    xy = sum(kernel(a, b) for a in x for b in y) / 600
    assert float(mmd2(x, y)) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)
    same = [float(mmd2(cloud(60, 4, s), cloud(60, 4, s + 1000))) for s in range(200)]
    spread = torch.tensor(same).std() / 200**0.5
    assert abs(sum(same) / 200) < 4 * spread


def test_kid_draws_nothing_from_the_global_random_state():
    state = torch.get_rng_state()
    first = kernel_distance(cloud(50, 4, 0), cloud(50, 4, 1))
    assert first == kernel_distance(cloud(50, 4, 0), cloud(50, 4, 1))
    assert torch.equal(state, torch.get_rng_state())


def test_subsets_that_hold_everything_give_the_estimate_itself():
    x, y = cloud(40, 4, 0), cloud(40, 4, 1)
    assert kernel_distance(x, y) == pytest.approx(float(mmd2(x, y)), rel=1e-9)


def test_features_in_float32_are_compared_in_float64():
    x, y = 30 * cloud(40, 4, 0).float(), 30 * cloud(40, 4, 1).float()
    assert kernel_distance(x, y) == kernel_distance(x.double(), y.double())
