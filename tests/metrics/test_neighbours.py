"""Precision, recall, density, coverage and their clipped forms: the references' values, exact ties, bounded memory."""

import numpy as np
import pytest
import scipy.stats
import torch
from torch_fidelity.metric_prc import prc_features_to_metric

from genlab.metrics import nearest
from genlab.metrics.nearest import Nearest, rounding_error, squared_distances
from genlab.metrics.neighbours import expected_coverage, neighbours

CPU = torch.device("cpu")


def cloud(n, d, seed, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def measured(real, fake, k_precision=3, k_density=5):
    return neighbours(real, fake, k_precision, k_density, CPU)


def by_hand(real, fake, k=5):
    """From whole distance matrices and sorted rows; clipped coverage (``raw``) not calibrated."""
    real, fake = real.double().numpy(), fake.double().numpy()
    between = np.linalg.norm(real[:, None] - fake[None], axis=2)
    among = np.linalg.norm(real[:, None] - real[None], axis=2)
    np.fill_diagonal(among, np.inf)
    radius = np.sort(among, 1)[:, k - 1]
    clipped = np.minimum(radius, np.median(radius))
    fidelity = np.minimum((between <= clipped[:, None]).sum(0) / k, 1).mean()
    ideal = np.minimum((among <= clipped[:, None]).sum(0) / k, 1).mean()
    return {
        "density": (between < radius[:, None]).sum(0).mean() / k,
        "coverage": (between <= radius[:, None]).any(1).mean(),
        "clipped_density": min(1.0, fidelity / ideal),
        "raw": np.minimum((between <= radius[:, None]).sum(1) / k, 1).mean(),
    }


SETS = [(cloud(300, 16, 0), cloud(260, 16, 1, 0.2, 0.9)), (cloud(120, 3, 2), cloud(140, 3, 3, 1.0, 0.5))]


@pytest.mark.parametrize(("real", "fake"), SETS)
def test_precision_and_recall_equal_torch_fidelity(real, fake):
    told = prc_features_to_metric(fake, real, prc_neighborhood=3, prc_batch_size=100, save_cpu_ram=True, verbose=False)
    found = measured(real, fake)
    assert found["precision"] == pytest.approx(told["precision"], rel=1e-4)
    assert found["recall"] == pytest.approx(told["recall"], rel=1e-4)


@pytest.mark.parametrize(("real", "fake"), SETS)
def test_density_and_coverage_equal_their_authors_code(real, fake):
    compute_prdc = pytest.importorskip("prdc.prdc").compute_prdc
    told = compute_prdc(real.double().numpy(), fake.double().numpy(), 5)
    found = measured(real, fake, k_precision=5)
    assert {name: found[name] for name in told} == pytest.approx(told, rel=1e-9)


@pytest.mark.parametrize(("real", "fake"), SETS)
def test_density_coverage_and_clipped_forms_equal_whole_distance_matrices(real, fake):
    told = by_hand(real, fake)
    found = measured(real, fake)
    for name in ("density", "coverage", "clipped_density"):
        assert found[name] == pytest.approx(told[name], rel=1e-9)
    expected = expected_coverage(len(real), len(fake), 5)
    share = int(np.searchsorted(expected.numpy(), told["raw"])) / len(expected)
    assert found["clipped_coverage"] == pytest.approx(share, abs=1e-9)


def test_the_expected_coverage_is_the_mean_of_a_clipped_beta_binomial():
    n, k = 40, 5
    found = expected_coverage(n, 30, k)
    for m in (5, 6, 17, 30):
        p = scipy.stats.betabinom(m, k, n - k).pmf(np.arange(m + 1))
        assert float(found[m]) == pytest.approx((np.minimum(np.arange(m + 1), k) * p).sum() / k, rel=1e-9)


def test_the_expected_coverage_is_met_whatever_the_distribution():
    real, fake = cloud(2000, 2, 4).exp(), cloud(2000, 2, 5).exp()
    assert by_hand(real, fake)["raw"] == pytest.approx(float(expected_coverage(2000, 2000, 5)[-1]), abs=0.02)


def test_a_set_against_itself_is_perfect_far_from_the_origin_too():
    for real in (cloud(200, 8, 0), cloud(200, 8, 0, shift=1000.0, scale=0.01)):
        found = measured(real, real.clone())
        assert set(found.values()) == {1.0}


def test_equal_images_lie_in_each_others_balls_of_no_size():
    real = cloud(37, 100, 0, scale=5.0).repeat_interleave(11, 0)
    found = measured(real, real[torch.randperm(len(real), generator=torch.Generator().manual_seed(0))])
    assert {value for name, value in found.items() if name != "density"} == {1.0}
    assert measured(real, real + 1e-3)["precision"] == 0


def test_features_that_have_nothing_in_common_are_zero():
    assert set(measured(cloud(60, 4, 0), cloud(60, 4, 1, shift=100.0)).values()) == {0.0}


def test_blocks_of_any_size_give_the_same(monkeypatch):
    real, fake = SETS[1]
    whole = measured(real, fake)
    for size in (7, 50, 130):
        monkeypatch.setattr(nearest, "BLOCK", size)
        assert measured(real, fake) == whole


def test_the_nearest_are_those_of_sorted_rows():
    x = cloud(50, 6, 0)
    whole = torch.cdist(x.double(), x.double()).fill_diagonal_(torch.inf).sort(1)
    found = Nearest(x, 4, CPU)
    assert torch.equal(found.index, whole.indices[:, :4])
    assert torch.allclose(found.distances.sqrt(), whole.values[:, :4])


def test_distances_differ_from_exact_ones_by_no_more_than_is_said():
    x = cloud(20, 2048, 0, 3.0).double()
    found, error = squared_distances(x, x), rounding_error(x, x)
    exact = (x[:, None] - x[None]).square().sum(2)
    assert (found - exact).abs().le(error).all()
    assert float(error.max() / exact.max()) < 1e-10
