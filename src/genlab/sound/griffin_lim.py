"""From a log-mel spectrogram back to sound, without a trained vocoder.

Magnitudes are found by multiplicative updates (Lee and Seung, 2001, "Algorithms for non-negative matrix factorization"), and
phases by alternating projections (Griffin and Lim, 1984, "Signal estimation from modified short-time Fourier transform"), sped
up by momentum (Perraudin, Balazs and Soendergaard, 2013, "A fast Griffin-Lim algorithm").
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from genlab.contracts import MelFormat
from genlab.random import keyed_generator
from genlab.sound.mel import filterbank

UPDATES = 20  # of magnitudes; with 200 the sound is no nearer to what was recorded
MOMENTUM = 0.99  # alpha of the paper, section 4
TINY = 1e-12


def transform(sound: Tensor, form: MelFormat) -> Tensor:
    """The short-time Fourier transform, in amplitudes. [B, N] -> complex [B, n_fft / 2 + 1, T]."""
    window = torch.hann_window(form.n_fft, dtype=sound.dtype, device=sound.device)
    sizes = form.n_fft, form.hop_length
    found = torch.stft(sound, *sizes, window=window, center=True, pad_mode="constant", return_complex=True)
    return found * (2 / window.sum())


def inverse(spectrum: Tensor, form: MelFormat, samples: int) -> Tensor:
    """The sound whose transform is nearest. complex [B, n_fft / 2 + 1, T] -> [B, samples]."""
    window = torch.hann_window(form.n_fft, dtype=spectrum.real.dtype, device=spectrum.device)
    scaled = spectrum * (window.sum() / 2)
    return torch.istft(scaled, form.n_fft, form.hop_length, window=window, center=True, length=samples)


@lru_cache(maxsize=8)
def bands_of(form: MelFormat) -> Tensor:
    """The weight of every frequency in every band, float64 [n_mels, n_fft / 2 + 1] on the CPU."""
    return torch.from_numpy(filterbank(form))


def magnitudes(log_mel: Tensor, form: MelFormat) -> Tensor:
    """Amplitudes with nearly these levels of the bands, of a frequency in no band 0. [B, n_mels, T] -> [B, n_fft / 2 + 1, T].

    Each of Lee's and Seung's updates (their eq. 5) lowers the divergence between the bands and their levels; from amplitudes
    that are all alike, so that nothing is put between two bands that neither asks for.
    """
    levels, bands = log_mel.exp(), bands_of(form).to(log_mel)
    weight = bands.sum(0)[:, None].clamp_min(TINY)
    found = levels.new_ones(len(levels), bands.shape[1], levels.shape[-1])
    for _ in range(UPDATES):
        found = found * (bands.T @ (levels / (bands @ found).clamp_min(TINY))) / weight
    return found


def griffin_lim(magnitude: Tensor, form: MelFormat, iterations: int, samples: int | None = None) -> Tensor:
    """A sound whose transform has nearly these magnitudes. [B, n_fft / 2 + 1, T] -> [B, samples].

    Args:
        magnitude: amplitudes, as of ``magnitudes``.
        form: of the transform.
        iterations: of the two projections; the first phases are random, the same at every call.
        samples: length; None: as the windows have it, (T - 1) hops.
    """
    samples = (magnitude.shape[-1] - 1) * form.hop_length if samples is None else samples
    dice = keyed_generator(torch.device("cpu"), "griffin-lim", *magnitude.shape)
    angle = torch.rand(magnitude.shape, generator=dice).to(magnitude) * (2 * math.pi)
    guess, before = torch.polar(magnitude, angle), torch.zeros((), dtype=magnitude.dtype, device=magnitude.device)
    for _ in range(iterations):
        real = transform(inverse(with_magnitude(guess, magnitude), form, samples), form)
        guess, before = real + MOMENTUM * (real - before), real
    return inverse(with_magnitude(guess, magnitude), form, samples)


def with_magnitude(spectrum: Tensor, magnitude: Tensor) -> Tensor:
    """The phases of a spectrum with other magnitudes."""
    return spectrum * (magnitude / spectrum.abs().clamp_min(TINY))


def sound_of(log_mel: Tensor, form: MelFormat, iterations: int, samples: int | None = None) -> Tensor:
    """The sound of a spectrogram of natural logarithms. [B, n_mels, T] -> [B, samples]."""
    return griffin_lim(magnitudes(log_mel, form), form, iterations, samples)
