"""The pitch of tones and voices that are made to have it, and nothing where there is none."""

import numpy as np
import pytest
import torch

from genlab.contracts import MelFormat
from genlab.metrics.speech.pitch import differences, log_pitch, normalised, pitch, pitch_sums
from genlab.sound.griffin_lim import sound_of
from genlab.sound.mel import log_mel

from vowels import vowels

RATE = 16000
TIME = np.arange(RATE) / RATE


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("hertz", [65.0, 120.0, 200.3, 440.0])
def test_a_tone_has_its_frequency(hertz, rate):
    found = pitch(0.3 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate), rate)
    assert len(found) > 85
    assert np.abs(found / hertz - 1).max() < 0.01


def test_a_voice_without_its_fundamental_still_has_its_pitch():
    found = pitch(sum(np.sin(2 * np.pi * 150 * k * TIME + k) for k in (2, 3, 4)), RATE)
    assert np.nanmax(np.abs(found / 150 - 1)) < 0.01


@pytest.mark.parametrize("hertz", [95.0, 150.0, 240.0])
def test_a_gliding_voice_is_followed_within_one_percent(hertz):
    seconds, seed = 3, 4
    sound = vowels(seconds, pitch=hertz, seed=seed)
    found = pitch(sound, RATE)
    middle = 0.01 * np.arange(len(found)) + 0.02  # of the windows
    planted = hertz * (1 + 0.1 * np.sin(2 * np.pi * middle / 1.3 + seed))
    is_voiced = ~np.isnan(found)
    assert 0.55 < is_voiced.mean() < 0.9  # every fourth quarter of a second is silent
    apart = np.abs(found / planted - 1)[is_voiced]
    assert np.quantile(apart, 0.95) < 0.01 and apart.mean() < 0.005
    mean, deviation, _ = log_pitch(pitch_sums(found))
    assert mean == pytest.approx(np.log(planted[is_voiced]).mean(), abs=0.005)
    assert deviation == pytest.approx(np.log(planted[is_voiced]).std(), abs=0.01)


def test_noise_and_silence_have_no_pitch():
    assert np.isnan(pitch(np.random.default_rng(0).normal(size=RATE), RATE)).mean() > 0.98
    assert np.isnan(pitch(np.zeros(RATE), RATE)).all()
    assert len(pitch(np.zeros(100), RATE)) == 0


def test_a_pause_with_a_hum_far_below_the_voice_is_unvoiced():
    sound = np.sin(2 * np.pi * 200 * TIME) * np.where(TIME < 0.5, 1, 0.003)
    found = pitch(sound, RATE)
    assert not np.isnan(found[:40]).any() and np.isnan(found[55:]).all()


def test_the_difference_is_the_papers():
    """Equations 6 and 8 by their sums."""
    frame = np.random.default_rng(0).normal(size=90)
    d = [sum((frame[j] - frame[j + lag]) ** 2 for j in range(50)) for lag in range(41)]
    assert np.allclose(differences(frame[None], 50)[0], d)
    expected = [1.0] + [d[lag] / np.mean(d[1 : lag + 1]) for lag in range(1, 41)]
    assert np.allclose(normalised(np.array([d]))[0], expected)


def test_long_sounds_in_blocks_are_the_same(monkeypatch):
    sound = vowels(2)
    whole = pitch(sound, RATE)
    monkeypatch.setattr("genlab.metrics.speech.pitch.BLOCK", 7)
    assert np.array_equal(pitch(sound, RATE), whole, equal_nan=True)


def test_sums_of_two_sounds_are_those_of_both():
    one, other = np.array([100.0, np.nan, 121.0]), np.array([110.0, np.nan, np.nan, 90.0])
    logs = np.log([100, 121, 110, 90])
    found = log_pitch(pitch_sums(one) + pitch_sums(other))
    assert found == pytest.approx((logs.mean(), logs.std(), 4 / 7))
    nothing = log_pitch(pitch_sums(np.full(3, np.nan)))
    assert np.isnan(nothing.mean) and nothing.voiced == 0


@pytest.mark.parametrize("hertz", [110.0, 220.0])
def test_griffin_and_lim_leave_the_pitch(hertz):
    """Behind the numbers of translations: a spectrogram made sound again has the sound's pitch."""
    form = MelFormat(RATE, 1024, 256, 80, 0.0, 8000.0)
    sound = vowels(3, pitch=hertz)
    back = sound_of(torch.from_numpy(log_mel([sound], form)[0])[None], form, 16)[0].numpy()
    before, after = (log_pitch(pitch_sums(pitch(x, RATE))) for x in (sound, back))
    assert after.mean == pytest.approx(before.mean, abs=0.02)
    assert after.voiced > 0.7 * before.voiced
