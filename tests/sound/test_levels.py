"""Silence around speech, and loudness."""

import numpy as np
import pytest

from genlab.contracts import MelFormat
from genlab.sound.levels import Loudness, as_loud_as, is_silent, speech_span
from genlab.sound.mel import log_mel

FORM = MelFormat(16000, 1024, 256, 80, 0.0, 8000.0)


def test_silence_is_cut_off_both_ends_and_kept_within():
    tone = 0.3 * np.sin(np.arange(16000) / 5)
    hush = 1e-4 * np.sin(np.arange(16000) / 3)  # 70 dB below
    _, level = log_mel([np.concatenate([hush, tone, hush, tone, hush])], FORM)
    first, end = speech_span(level, 40)
    assert abs(first * 256 - 16000) <= 512
    assert abs(end * 256 - 64000) <= 768
    assert speech_span(level, None) == (0, len(level))
    assert speech_span(level, 80) == (0, len(level))


def test_how_far_below_is_meant_in_decibels():
    level = np.array([0.009, 0.011, 1.0, 0.011, 0.009])
    assert speech_span(level, 40) == (1, 4)


def test_silence_has_nothing_to_hear():
    assert is_silent(np.zeros(5)) and is_silent(np.full(5, 9e-5)) and is_silent(np.zeros(0))
    assert not is_silent(np.array([0.0, 2e-4]))


def test_loudness_is_kept_within_full_scale():
    dice = np.random.default_rng(0)
    quiet, loud = 0.01 * dice.standard_normal(1000), 0.2 * dice.standard_normal(3000)
    assert np.std(as_loud_as(quiet, loud)) == pytest.approx(np.std(loud))
    spike = np.zeros(1000)
    spike[3] = 0.1
    assert np.abs(as_loud_as(spike, loud)).max() == pytest.approx(1)
    assert not as_loud_as(np.zeros(5), loud).any()
    assert not as_loud_as(loud, np.zeros(5)).any()
    assert len(as_loud_as(np.zeros(0), loud)) == 0


def test_loudness_of_pieces_is_that_of_the_whole():
    whole, found = np.random.default_rng(0).standard_normal(1000), Loudness()
    assert (found.rms, found.peak) == (0, 0)
    parts = np.split(whole, [1, 400])
    assert all(a is b for a, b in zip(found.passing(parts), parts, strict=True))
    assert found.rms == pytest.approx(np.std(whole))
    assert found.peak == np.abs(whole).max()


def test_a_constant_offset_is_not_heard():
    sound = 0.1 * np.random.default_rng(0).standard_normal(4000)
    assert as_loud_as(sound, 0.5 + sound) == pytest.approx(sound)
    assert not as_loud_as(sound, np.full(4000, 0.5)).any()
    assert np.isfinite(as_loud_as(np.full(4000, 0.5), sound)).all()


def test_what_a_sound_lacks_is_told_in_decibels():
    own, wanted = Loudness(), Loudness()
    own.hear(np.array([1.0, -1.0, 0, 0, 0, 0, 0, 0]))  # rms 0.5, peak 1
    wanted.hear(np.array([0.8, 0.8, -0.8, -0.8]))
    assert own.gain_to(wanted) == 1
    assert own.lacking(wanted) == pytest.approx(20 * np.log10(1.6))
    assert wanted.lacking(own) == 0 and wanted.gain_to(own) == pytest.approx(0.625)
    assert Loudness().lacking(own) == 0 and own.lacking(Loudness()) == 0
