"""Inception score: torch-fidelity's on the same logits, closed values at its ends, and where it fits."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch_fidelity.metric_isc import isc_features_to_metric

from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.inception_score import InceptionScore, score


def test_mean_and_sd_are_torch_fidelity_s():
    logits = 3 * torch.randn(237, 40, generator=torch.Generator().manual_seed(0))
    told = isc_features_to_metric(logits, 10, True, 2020)
    extractor = SimpleNamespace(logits=lambda features: 3 * features)
    fake = FeatureSet(logits / 3, extractor)
    found = InceptionScore(10, 2020)(FeatureSet(torch.empty(0, 40)), fake, torch.device("cpu"))
    assert found["inception_score"] == pytest.approx(told["inception_score_mean"], rel=1e-4)
    assert found["inception_score_sd"] == pytest.approx(told["inception_score_std"], rel=1e-4)


def test_it_goes_from_one_to_the_number_of_classes():
    assert float(score(torch.zeros(50, 7))) == pytest.approx(1)
    assert float(score(1e4 * torch.eye(7).repeat(5, 1))) == pytest.approx(7)
    assert math.isfinite(float(score(1e6 * torch.eye(7)[[0, 0]])))


def test_it_fits_the_network_of_the_literature_alone_and_an_image_a_part():
    measure = InceptionScore(10, 0)
    assert measure.fits("inception", 10)
    assert not measure.fits("inception", 9)
    assert not measure.fits("classifier", 1000)
