"""mel-MCD in the units of the literature: the root mean square difference of two envelopes in dB, loudness apart."""

import numpy as np
import pytest
import torch
from scipy.fft import dct

from genlab.metrics.log_spectral_distance import log_spectral_distance
from genlab.metrics.speech.compared import compared
from genlab.metrics.speech.mel_cepstrum import DECIBELS, distortions, is_speech, mel_cepstrum

BANDS = 40


def speech(frames=30, seed=0):
    """Levels like those of a spectrogram: natural logarithms of amplitudes."""
    return np.random.default_rng(seed).normal(-5, 1.5, (BANDS, frames))


def test_the_constant_is_that_of_the_literature():
    assert pytest.approx(6.141851463713754, rel=1e-12) == DECIBELS


def test_the_cepstrum_is_scipys_but_for_its_scale_and_c0():
    x = speech()
    expected = dct(x, type=2, axis=0, norm="ortho") / np.sqrt(BANDS / 2)
    assert np.allclose(mel_cepstrum(x, 13), expected[1:14])


def test_one_cosine_across_the_bands_has_its_effective_value():
    """An envelope that goes up and down by 6 dB around another is 6 / sqrt(2) dB away, whatever the cosine's order."""
    band, natural = (np.arange(BANDS) + 0.5) / BANDS, np.log(10) / 20
    x = speech(1)
    for order in (1, 5, 13):
        y = x + 6 * natural * np.cos(np.pi * order * band)[:, None]
        found = distortions(mel_cepstrum(x, 13), mel_cepstrum(y, 13))
        assert found == pytest.approx(6 / np.sqrt(2), rel=1e-9)
    y = x + 6 * natural * np.cos(np.pi * 14 * band)[:, None]  # beyond the coefficients
    assert distortions(mel_cepstrum(x, 13), mel_cepstrum(y, 13)) == pytest.approx(0, abs=1e-6)


def test_with_all_coefficients_it_is_the_difference_in_dB_without_loudness():
    x, y = speech(1), speech(1, seed=1)
    decibels = 20 / np.log(10) * (x - y)
    expected = np.sqrt(((decibels - decibels.mean()) ** 2).mean())
    assert distortions(mel_cepstrum(x, BANDS - 1), mel_cepstrum(y, BANDS - 1)) == pytest.approx(expected, rel=1e-9)


def test_loudness_makes_no_difference():
    x, y = speech(20), speech(25, 1)
    apart = compared(x, y, 13)
    assert compared(x, y + np.log(3), 13).mel_mcd == pytest.approx(apart.mel_mcd, rel=1e-9)
    assert compared(x, x + np.log(3), 13).mel_mcd == pytest.approx(0, abs=1e-5)


def test_every_frame_is_compared_with_every_frame():
    x, y = (mel_cepstrum(speech(n, n), 5) for n in (4, 6))
    found = distortions(x, y)
    for i in range(4):
        for j in range(6):
            expected = 10 / np.log(10) * np.sqrt(2 * ((x[:, i] - y[:, j]) ** 2).sum())
            assert found[i, j] == pytest.approx(expected, rel=1e-9)


def test_silence_is_left_out_and_counts_by_the_power_of_the_bands():
    x = speech(20)
    quiet = np.concatenate([x - 8, x, x - 8], 1)  # 69 dB below
    assert is_speech(quiet).tolist() == [False] * 20 + [True] * 20 + [False] * 20
    noisy = quiet.copy()
    noisy[::2, :20] += 2
    assert compared(noisy, x, 13).mel_mcd == pytest.approx(0, abs=1e-5)
    power = np.log([1.0, 10**-1.95, 10**-2.05])  # amplitudes 39 and 41 dB below the first
    assert is_speech(np.full((4, 3), power)).tolist() == [True, True, False]


def test_a_slower_sentence_is_the_same_sentence():
    """Each frame twice, and a pause: nothing is apart, where frame by frame much is."""
    x = speech(40)
    slow = np.repeat(x, 2, 1)
    assert compared(x, slow, 13) == pytest.approx((0, 0), abs=1e-5)
    assert distortions(mel_cepstrum(x, 13), mel_cepstrum(slow[:, :40], 13)).diagonal().mean() > 3


def test_the_spectral_distance_is_of_the_same_pairs_of_frames():
    x, y = speech(12), speech(12) + np.log(10 ** (3 / 20))
    assert compared(x, y, 13).mel_lsd == pytest.approx(3, rel=1e-6)
    z = np.repeat(y, 2, 1)
    assert compared(x, z, 13).mel_lsd == pytest.approx(3, rel=1e-6)
    assert float(log_spectral_distance(*(torch.from_numpy(np.exp(one))[None] for one in (x, y)))) == pytest.approx(3)
