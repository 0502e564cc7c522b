"""CMMD: the sum of its definition, scaled to unit length, exact where it is tiny."""

import pytest
import torch
from torch.nn.functional import normalize

from genlab.metrics.clip_mmd import CMMD, squared_discrepancy
from genlab.metrics.feature_set import FeatureSet


def cloud(n, d, seed, shift=0.0):
    return shift + torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def by_definition(x, y, sigma):
    x, y = normalize(x.double(), dim=1), normalize(y.double(), dim=1)
    k_xx, k_yy, k_xy = (
        torch.exp(-torch.cdist(a, b).square() / (2 * sigma**2)).mean() for a, b in ((x, x), (y, y), (x, y))
    )
    return float(k_xx + k_yy - 2 * k_xy)


def test_it_is_a_thousand_times_its_definition():
    real, fake = cloud(50, 12, 0, 0.5), 7 * cloud(40, 12, 1)
    found = CMMD(10.0, 1000.0)(FeatureSet(real), FeatureSet(fake), torch.device("cpu"))
    assert found == {"cmmd": pytest.approx(1000 * by_definition(real, fake, 10), rel=1e-6)}


def test_equal_sets_are_zero_and_near_ones_are_told_apart():
    x = cloud(60, 12, 0)
    assert squared_discrepancy(x, x[torch.arange(59, -1, -1)], 10.0) == pytest.approx(0, abs=1e-15)
    y = normalize(x.double(), dim=1)
    moved = torch.cat([y[:, :1] + 1e-3, y[:, 1:]], 1)
    mean = (normalize(moved, dim=1) - y).mean(0)
    assert squared_discrepancy(moved, y, 10.0) == pytest.approx(
        float(mean.square().sum()) / 100, rel=0.02
    )  # wide kernel


def test_it_fits_clip_alone():
    assert CMMD(10.0, 1000.0).fits("clip", 2)
    assert not CMMD(10.0, 1000.0).fits("inception", 2)
