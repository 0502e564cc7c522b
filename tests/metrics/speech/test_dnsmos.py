"""DNSMOS: what the network hears, and how what it says becomes a score."""

import numpy as np
import pytest

import judging
from genlab.callbacks.evaluators.judges import Opinion
from genlab.metrics.speech.dnsmos import DNSMOS, PACKAGED, SCORES, pieces

pytest.importorskip("onnxruntime", reason="the extra export is not installed")
SAID = {"sig": 2.53897, "bak": 3.09833, "ovrl": 2.12995}  # by speechmos 0.0.1.1


@pytest.fixture
def network(monkeypatch, tmp_path):
    """It says the mean of what it hears, the mean of the absolutes, the largest."""
    judging.install(monkeypatch, tmp_path)
    return DNSMOS(Opinion.packaged.path("metrics.dnsmos"))


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.5, 7), (3.7, 5), (9.01, 1), (10, 1), (11, 2), (14, 5)]
)  # 0.5 s are doubled to 16 s, 3.7 s to 14.8 s
def test_it_hears_nine_seconds_each_second(seconds, count):
    sound = np.arange(int(seconds * 16_000), dtype=np.float64)
    heard = pieces(sound)
    assert heard.shape == (count, 144_160)
    for place, row in enumerate(heard):
        np.testing.assert_array_equal(row, (np.arange(144_160) + 16_000 * place) % len(sound))


def test_its_answers_are_put_on_the_scale_of_listeners(network):
    """Polynomials of the package: a x^2 + b x + c."""
    sig, bak, ovrl = network.scores(np.full(144_160, 0.5))
    assert sig == pytest.approx(-0.08397278 * 0.25 + 1.22083953 * 0.5 + 0.0052439)
    assert bak == pytest.approx(-0.13166888 * 0.25 + 1.60915514 * 0.5 - 0.39604546)
    assert ovrl == pytest.approx(-0.06766283 * 0.25 + 1.11546468 * 0.5 + 0.04602535)


def test_what_is_beyond_full_scale_is_heard_at_full_scale(network):
    sound = np.sin(np.arange(200_000) / 7)
    np.testing.assert_allclose(network.scores(3 * sound), network.scores(sound / np.abs(sound).max()), rtol=1e-5)
    assert not np.allclose(network.scores(0.5 * sound), network.scores(sound))


def test_scores_are_means_over_the_pieces(network):
    rising = np.concatenate([np.full(16_000 * second, second / 6) for second in range(1, 6)])
    one_by_one = [network.scores(row) for row in pieces(rising)]
    assert len(one_by_one) > 1
    np.testing.assert_allclose(network.scores(rising), np.mean(one_by_one, 0), rtol=1e-6)


def test_the_published_network_says_of_a_sweep_what_its_package_says():
    pytest.importorskip("speechmos", reason="speechmos is not installed")
    time = np.arange(11 * 16_000) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * (200 * time + 100 * time**2)) * (1 + np.sin(2 * np.pi * 3 * time)) / 2
    found = dict(zip(SCORES, DNSMOS(PACKAGED.path("metrics.dnsmos")).scores(sound), strict=True))
    assert found == pytest.approx(SAID, abs=1e-3)
