"""The spectrogram against closed forms and against torch's transform."""

import numpy as np
import pytest
import torch

from genlab.contracts import ConfigError, MelFormat
from genlab.sound import mel

FORM = MelFormat(16000, 1024, 256, 80, 0.0, 8000.0)


def test_the_scale_is_htks():
    assert float(mel.mel_of(1000)) == pytest.approx(1000, abs=0.02)  # what the scale was made for
    assert float(mel.mel_of(700)) == pytest.approx(2595 * np.log10(2), abs=1e-9)
    hertz = np.geomspace(1, 2e4, 50)
    assert np.allclose(mel.hertz_of(mel.mel_of(hertz)), hertz)


def test_neighbouring_bands_share_every_frequency_and_a_band_is_half_as_large_as_its_base():
    """Triangles over a mel grid: they sum to 1 between the outer centres, and their areas are half of (f_m+1 - f_m-1)."""
    form = MelFormat(16000, 32768, 256, 80, 100.0, 7000.0)  # fine, so that sums are integrals
    bands, frequency = mel.filterbank(form), np.linspace(0, 8000, 16385)
    step = (mel.mel_of(7000) - mel.mel_of(100)) / 81
    edges = 700 * ((800 / 700) * 10 ** (step / 2595 * np.arange(82)) - 1)  # geometric in 1 + f / 700
    inside = (frequency >= edges[1]) & (frequency <= edges[-2])
    assert np.allclose(bands[:, inside].sum(0), 1)
    assert np.allclose(bands.sum(1) * frequency[1], (edges[2:] - edges[:-2]) / 2, rtol=2e-3)
    assert bands[:, (frequency < 100) | (frequency > 7000)].sum() == 0


@pytest.mark.parametrize("place", [40, 200])
def test_a_sine_of_the_transform_has_its_amplitude_at_its_frequency_and_half_of_it_beside(place):
    """The Hann window's transform is 1 at 0 and 1/2 at its neighbours; all other frequencies have nothing."""
    sine = 0.3 * np.sin(2 * np.pi * place / 1024 * np.arange(16000))
    found, level = mel.log_mel([sine], FORM)
    bands = mel.filterbank(FORM)
    expected = 0.3 * (bands[:, place] + (bands[:, place - 1] + bands[:, place + 1]) / 2)
    middle = np.exp(found[:, 20:40].astype(float))
    assert np.allclose(middle, np.maximum(expected, 1e-5)[:, None], rtol=1e-5, atol=2e-6)
    assert np.allclose(level[20:40], 0.3 / np.sqrt(2), rtol=1e-5)


def test_frames_are_those_of_torchs_transform():
    dice = np.random.default_rng(0)
    for samples in (1, 255, 256, 5000, 16001):
        sound = dice.standard_normal(samples) * 0.1
        found, level = mel.log_mel([sound], FORM)
        window = torch.hann_window(1024, dtype=torch.float64)
        options = {"window": window, "center": True, "pad_mode": "constant", "return_complex": True}
        other = torch.stft(torch.from_numpy(sound)[None], 1024, 256, **options)[0].abs() * (2 / window.sum())
        assert found.shape == (80, FORM.frames(samples)) == (80, len(level))
        assert np.allclose(found, np.log(np.maximum(mel.filterbank(FORM) @ other.numpy(), 1e-5)), atol=1e-5)


def test_pieces_of_any_size_give_the_same_frames():
    sound = np.random.default_rng(1).standard_normal(9000).astype(np.float32)
    whole = mel.log_mel([sound], FORM)
    for cuts in ([1, 2, 3], [5000], range(0, 9000, 7), [1024, 1024, 1280]):
        pieces = mel.log_mel(np.split(sound, cuts), FORM)
        assert all(np.array_equal(a, b) for a, b in zip(whole, pieces, strict=True))


def test_silence_lies_at_the_floor():
    found, level = mel.log_mel([np.zeros(4000)], FORM)
    assert np.allclose(found, np.log(1e-5))
    assert not level.any()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"n_mels": 256}, "Type: data.n_fft=2048, or fewer bands: data.n_mels=128"),
        ({"f_max": 9000.0}, "Type: data.f_min=0 data.f_max=8000"),
        ({"f_min": 8000.0}, "Type: data.f_min=0 data.f_max=8000"),
    ],
)
def test_bands_that_cannot_be_are_refused(change, words):
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        mel.require_bands(MelFormat(**(vars(FORM) | change)))


def test_windows_overlap_by_half_or_more():
    mel.require_overlap(MelFormat(**(vars(FORM) | {"n_fft": 512, "hop_length": 256})))
    with pytest.raises(ConfigError, match=r"Type: data\.hop_length=256, or data\.n_fft=514"):
        mel.require_overlap(MelFormat(**(vars(FORM) | {"n_fft": 512, "hop_length": 257})))
