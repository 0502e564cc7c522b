"""From spectrograms back to sound: the parts against their definitions, and the whole way by its distance in dB."""

import numpy as np
import pytest
import torch

from genlab.contracts import MelFormat
from genlab.metrics.log_spectral_distance import log_spectral_distance
from genlab.sound import griffin_lim as back
from genlab.sound.mel import filterbank, hertz_of, log_mel, mel_of

from vowels import vowels

FORM = MelFormat(16000, 1024, 256, 80, 0.0, 8000.0)


def spectrum(sound):
    return back.transform(torch.from_numpy(sound)[None], FORM)


def test_the_transform_has_an_inverse():
    for samples in (1600, 4000, 16001):
        sound = np.random.default_rng(0).standard_normal(samples)
        assert np.allclose(back.inverse(spectrum(sound), FORM, samples)[0], sound)


def log_mel_of(seconds):
    return torch.from_numpy(log_mel([vowels(seconds)], FORM)[0])[None].double()


def test_every_update_of_the_magnitudes_lowers_the_divergence_of_the_bands(monkeypatch):
    """Lee and Seung, 2001, theorem 2."""
    log, bands = log_mel_of(0.5), torch.from_numpy(filterbank(FORM))

    def divergence(updates):
        monkeypatch.setattr(back, "UPDATES", updates)
        reached = bands @ back.magnitudes(log, FORM)
        return float((log.exp() * (log - reached.log()) - log.exp() + reached).sum())

    found = [divergence(updates) for updates in range(1, 12)]
    assert all(later < before for before, later in zip(found, found[1:], strict=False))


def test_the_first_update_draws_lines_from_the_centre_of_a_band_to_the_next(monkeypatch):
    """A frequency then has the levels of its two bands over their areas, by the bands' own triangles."""
    monkeypatch.setattr(back, "UPDATES", 1)
    log = log_mel_of(0.1)
    centres = hertz_of(np.linspace(mel_of(0), mel_of(8000), 82))[1:-1]
    area = filterbank(FORM).sum(1)
    frequency = np.arange(513) * 15.625
    inside = (frequency > centres[0]) & (frequency < centres[-1])
    lines = np.interp(frequency[inside], centres, log[0, :, 3].exp().numpy() / area)
    assert np.allclose(back.magnitudes(log, FORM)[0, inside, 3], lines)


def test_levels_of_the_bands_come_back():
    log = log_mel_of(1)
    found = back.magnitudes(log, FORM)
    again = torch.from_numpy(filterbank(FORM)) @ found
    loud = log > log.amax() - 5
    assert (again.log() - log)[loud].abs().mean() < 0.1
    assert found.min() == 0 and not found[:, 0].any()  # no band has the constant part
    even = torch.from_numpy(filterbank(FORM)).sum(1).log()[None, :, None]  # of amplitudes that are all 1
    assert torch.allclose(back.magnitudes(even, FORM)[:, 1:-1], torch.ones(()).double())


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
