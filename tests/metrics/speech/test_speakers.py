"""Moments of frames, and the classifier of two speakers, against independent ways to the same numbers."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from genlab.metrics.speech.moments import Moments
from genlab.metrics.speech.speakers import Speaker, log_odds


def frames(count, seed, shift=0.0, width=1.0):
    """Correlated numbers, [3, count]."""
    mixing = np.array([[1, 0.4, 0], [0, 1, -0.7], [0, 0, 1]])
    return width * (mixing @ np.random.default_rng(seed).normal(size=(3, count))) + shift


def test_moments_are_numpys_and_add_up():
    x, y = frames(7, 0), frames(11, 1, 2.0)
    both = Moments.of(x) + Moments.of(y)
    whole = np.concatenate([x, y], 1)
    assert both.count == 18
    assert np.allclose(both.mean, whole.mean(1))
    assert np.allclose(both.covariance, np.cov(whole, bias=True))
    assert np.allclose(both.variance, whole.var(1))
    assert np.allclose(both.first(2).sums, Moments.of(whole[:2]).sums)
    assert both.first(4).count == 18 and len(both.first(4).mean) == 3


def test_the_likelihood_is_scipys_averaged_over_the_frames():
    learnt, heard = frames(5000, 0), frames(40, 1, 0.5)
    speaker = Speaker(Moments.of(learnt))
    covariance = np.cov(learnt, bias=True)
    covariance += 1e-3 * np.trace(covariance) / 3 * np.eye(3)
    expected = multivariate_normal(learnt.mean(1), covariance).logpdf(heard.T).mean()
    assert speaker.log_likelihood(Moments.of(heard)) == pytest.approx(expected, rel=1e-9)


def test_each_is_taken_for_who_it_is_and_the_odds_change_sign_with_the_question():
    a, b = (Speaker(Moments.of(frames(3000, 0, shift))) for shift in (0.0, 1.0))
    for seed in range(20):
        one, other = (Moments.of(frames(60, 10 + seed, shift)) for shift in (0.0, 1.0))
        assert log_odds(one, a, b) > 0 > log_odds(other, a, b)
        assert log_odds(one, a, b) == pytest.approx(-log_odds(one, b, a))


def test_speakers_of_one_mean_are_told_by_how_their_sounds_spread():
    narrow, wide = (Speaker(Moments.of(frames(3000, 0, width=width))) for width in (1.0, 2.0))
    assert log_odds(Moments.of(frames(100, 5, width=2.0)), wide, narrow) > 0
    assert log_odds(Moments.of(frames(100, 5)), wide, narrow) < 0


def test_what_is_finer_than_the_envelope_tells_nothing_of_a_voice():
    """However many coefficients the distances have: twenty are learnt from, and twenty are heard."""
    numbers = np.random.default_rng(0).normal(size=(3, 23, 200))
    numbers[1, 20:] += 50  # the same voice through another microphone
    a, b, heard = (Moments.of(x) for x in numbers)
    coarse = [Moments.of(x[:20]) for x in numbers]
    expected = log_odds(coarse[2], Speaker(coarse[0]), Speaker(coarse[1]))
    assert log_odds(heard, Speaker(a), Speaker(b)) == pytest.approx(expected, rel=1e-9)


def test_fewer_frames_than_coefficients_are_no_end():
    few = Speaker(Moments.of(frames(2, 0)))
    assert np.isfinite(few.log_likelihood(Moments.of(frames(2, 1))))
