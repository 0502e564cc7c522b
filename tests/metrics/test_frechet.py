"""FID: closed forms, symmetries, and the number of an independent implementation."""

import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.moments import Moments


def cloud(n, d, seed, shift=0.0, scale=1.0):
    stream = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(n, d, generator=stream, dtype=torch.float64)


def test_a_set_is_at_distance_zero_from_itself():
    x = Moments.of(cloud(500, 8, 0))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_a_distance_is_never_below_zero():
    for seed in range(20):
        x = Moments.of(cloud(50, 8, seed))
        assert 0 <= frechet_distance(x, x) < 1e-9


def test_gaussians_with_commuting_covariances_have_a_closed_form():
    a, b = Moments.of(cloud(400, 5, 0)), Moments.of(cloud(400, 5, 0, shift=2.0, scale=3.0))
    # the same draws scaled: mean moves by a known step, covariance is 9 times the other
    step = (b.mean - a.mean).square().sum()
    trace = a.covariance.trace()
    assert frechet_distance(a, b) == pytest.approx(float(step + trace * (1 + 9 - 2 * 3)), rel=1e-9)


def test_distance_is_symmetric_and_blind_to_rotation():
    x, y = cloud(300, 6, 0), cloud(300, 6, 1, shift=0.5)
    rotation = torch.linalg.qr(cloud(6, 6, 2))[0]
    distance = frechet_distance(Moments.of(x), Moments.of(y))
    assert frechet_distance(Moments.of(y), Moments.of(x)) == pytest.approx(distance, rel=1e-9)
    assert frechet_distance(Moments.of(x @ rotation), Moments.of(y @ rotation)) == pytest.approx(distance, rel=1e-9)


def test_fewer_images_than_features_stay_finite():
    assert 0 < frechet_distance(Moments.of(cloud(10, 40, 0)), Moments.of(cloud(12, 40, 1))) < 1e3


def test_fid_is_that_of_torchmetrics_with_the_same_extractor():
    extractor = random_features((1, 16, 16))
    real, fake = torch.rand(80, 1, 16, 16), torch.rand(90, 1, 16, 16) ** 2
    theirs = FrechetInceptionDistance(feature=extractor, normalize=True)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    ours = frechet_distance(Moments.of(extractor(real)), Moments.of(extractor(fake)))
    assert ours == pytest.approx(theirs.compute().item(), rel=1e-3)


def test_moments_add_up_over_unequal_parts_in_double_precision():
    x = 1000 + cloud(331, 7, 0)
    parts = Moments.zero(7)
    for part in x.split([100, 230, 1]):
        parts.add(part)
    assert int(parts.count) == 331
    torch.testing.assert_close(parts.mean, x.mean(0), rtol=1e-12, atol=0)
    torch.testing.assert_close(parts.covariance, x.T.cov(), rtol=1e-7, atol=1e-7)
