"""From spectrograms back to sound: the parts against their definitions, and the whole way by its distance in dB."""

import numpy as np
import pytest
import torch

from genlab.contracts import MelFormat
from genlab.metrics.log_spectral_distance import log_spectral_distance
from genlab.sound import griffin_lim as back
from genlab.sound.mel import filterbank, log_mel

from vowels import vowels

FORM = MelFormat(16000, 1024, 256, 80, 0.0, 8000.0)


def spectrum(sound):
    return back.transform(torch.from_numpy(sound)[None], FORM)


def test_the_transform_has_an_inverse():
    for samples in (1600, 4000, 16001):
        sound = np.random.default_rng(0).standard_normal(samples)
        assert np.allclose(back.inverse(spectrum(sound), FORM, samples)[0], sound)


def test_the_bands_inverse_is_moores_and_penroses():
    bands, inverse = filterbank(FORM), back.pseudo_inverse(FORM).numpy()
    assert np.allclose(bands @ inverse @ bands, bands)
    assert np.allclose(inverse @ bands @ inverse, inverse)
    assert np.allclose((bands @ inverse).T, bands @ inverse)
    assert np.allclose((inverse @ bands).T, inverse @ bands)


def test_levels_of_the_bands_come_back():
    log = torch.from_numpy(log_mel([vowels(1)], FORM)[0])[None]
    again = torch.from_numpy(filterbank(FORM)).float() @ back.magnitudes(log, FORM)
    loud = log > log.amax() - 5
    assert (again.log() - log)[loud].abs().mean() < 0.25
    assert back.magnitudes(log, FORM).min() == 0


def consistency(sound, magnitude):
    """Griffin's and Lim's own error: how far the magnitudes of a sound are from those asked for, relative."""
    return float((spectrum(sound).abs() - magnitude).norm() / magnitude.norm())


def test_the_distance_falls_with_every_iteration_without_momentum_and_faster_with_it(monkeypatch):
    """Griffin and Lim, 1984: the error never rises. Perraudin et al., 2013: momentum ends below."""
    magnitude = spectrum(vowels(0.8)).abs()

    def errors(momentum, steps):
        monkeypatch.setattr(back, "MOMENTUM", momentum)
        return [consistency(back.griffin_lim(magnitude, FORM, n, 12800)[0].numpy(), magnitude) for n in steps]

    plain = errors(0.0, range(0, 12, 2))
    assert all(later <= before + 1e-9 for before, later in zip(plain, plain[1:], strict=False))
    assert errors(0.99, [32])[0] < 0.8 * errors(0.0, [32])[0]


def test_the_same_sound_at_every_call_and_the_length_that_was_asked_for():
    log = torch.from_numpy(log_mel([vowels(0.3)], FORM)[0])[None]
    torch.manual_seed(1)
    one = back.sound_of(log, FORM, 4)
    torch.manual_seed(2)
    assert torch.equal(one, back.sound_of(log, FORM, 4))
    assert one.shape == (1, (log.shape[-1] - 1) * 256)
    assert back.sound_of(log, FORM, 4, 4800).shape == (1, 4800)


def test_silence_stays_silent_and_a_tenth_of_a_second_a_sound():
    silence = back.sound_of(torch.full((1, 80, 20), float(np.log(1e-5))), FORM, 8)
    assert silence.abs().max() < 1e-3
    short = torch.from_numpy(log_mel([vowels(0.1)], FORM)[0])[None]
    assert back.sound_of(short, FORM, 8, 1600).isfinite().all()


def test_the_way_there_and_back_stays_within_stated_decibels():
    """Of a voice of numbers, 32 iterations. Nearly all of the distance is of amplitudes below -60 dB, which bands forget."""
    sound = vowels(2)
    log = torch.from_numpy(log_mel([sound], FORM)[0])[None].double()
    again = back.sound_of(log, FORM, 32, len(sound))
    there, here = spectrum(sound).abs(), back.transform(again, FORM).abs()
    assert float(log_spectral_distance(there, here, 1e-3)) < 4
    assert float(log_spectral_distance(there, here, 1e-5)) < 9
    assert float(log_spectral_distance(there, here.roll(20, -1), 1e-3)) > 7  # of another time


@pytest.mark.parametrize("decibels", [3.0, 12.0])
def test_the_distance_of_a_louder_sound_is_by_how_much(decibels):
    magnitude = torch.rand(2, 7, 5, dtype=torch.float64) + 0.1
    assert torch.allclose(
        log_spectral_distance(magnitude, magnitude * 10 ** (decibels / 20)), torch.tensor(decibels).double()
    )
    half = magnitude.clone()
    half[:, :, 0] *= 10 ** (decibels / 20)  # one frame of five
    assert torch.allclose(log_spectral_distance(magnitude, half), torch.tensor(decibels / 5).double())
    below = torch.full((1, 4, 4), 1e-7)
    assert log_spectral_distance(below, below * 0).item() == 0
