"""The two-sample test: its kernel, its estimate beside a closed form and its definition, its p-value under both answers."""

import math

import pytest
import torch

from genlab.metrics.two_sample import SCALES, GaussianKernel, median_distance, mmd2_of_splits, two_sample_test


def cloud(n, d, seed, shift=0.0, scale=1.0):
    stream = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(n, d, generator=stream, dtype=torch.float64)


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def expected_mmd2(shift, d, bandwidth):
    """Of N(0, I) and N(shift, I), |shift| given: E k is Gaussian in the distance of the means."""
    total = 0.0
    for width in (s * bandwidth for s in SCALES):
        both = 2 + width**2  # the variance of x - y, and the kernel's
        factor = (width**2 / both) ** (d / 2)
        total += 2 * factor * (1 - math.exp(-(shift**2) / (2 * both))) / len(SCALES)
    return total


def test_the_kernel_is_the_mean_of_three_gaussians():
    x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    found = GaussianKernel(5.0)(x.double(), y.double())
    assert found[0].tolist() == pytest.approx([(math.exp(-8) + math.exp(-2) + math.exp(-0.5)) / 3, 1.0])


def test_the_median_distance():
    assert median_distance(torch.tensor([[0.0], [1.0], [10.0]])) == 9.0


def test_the_estimate_is_the_sum_of_its_definition():
    x, y, kernel = cloud(7, 3, 0), cloud(5, 3, 1, 0.5), GaussianKernel(1.5)
    k = lambda a, b: float(kernel(a[None], b[None]))  # noqa: E731
    xx = sum(k(x[i], x[j]) for i in range(7) for j in range(7) if i != j) / 42
    yy = sum(k(y[i], y[j]) for i in range(5) for j in range(5) if i != j) / 20
    xy = sum(k(a, b) for a in x for b in y) / 35
    found, _ = two_sample_test(x, y, kernel, 1, stream())
    assert found == pytest.approx(xx + yy - 2 * xy, rel=1e-9)
    points = torch.cat([x, y])
    swapped = torch.cat([torch.zeros(7), torch.ones(5)]).double()[None]
    assert float(mmd2_of_splits(kernel(points, points), swapped)) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_on_average_it_is_the_closed_form_of_two_gaussians(shift):
    kernel = GaussianKernel(1.7)
    found = torch.tensor([
        two_sample_test(cloud(60, 2, s), cloud(60, 2, s + 1000, shift / math.sqrt(2)), kernel, 1, stream())[0]
        for s in range(200)
    ])  # fmt: skip
    assert abs(found.mean() - expected_mmd2(shift, 2, 1.7)) < 4 * found.std() / math.sqrt(200)


def test_p_is_uniform_where_both_are_alike_and_small_where_they_are_not():
    kernel = GaussianKernel(1.7)
    alike = torch.tensor(
        [two_sample_test(cloud(40, 2, s), cloud(40, 2, s + 1000), kernel, 99, stream(s))[1] for s in range(200)]
    )
    assert 0.42 < alike.mean() < 0.58
    assert (alike <= 0.1).double().mean() == pytest.approx(0.1, abs=0.07)
    for other in (cloud(200, 2, 1, shift=0.4), cloud(200, 2, 1, scale=0.7)):
        assert two_sample_test(cloud(200, 2, 0), other, kernel, 99, stream())[1] == 0.01


def test_p_counts_the_sample_itself_and_follows_its_stream():
    x = cloud(30, 2, 0)
    assert two_sample_test(x, x, GaussianKernel(1.7), 9, stream())[1] == 1.0
    one, other = (two_sample_test(x, cloud(20, 2, 1), GaussianKernel(1.7), 50, stream(3)) for _ in range(2))
    assert one == other
