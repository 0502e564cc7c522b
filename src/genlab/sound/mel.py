"""Log-mel spectrograms, without torch: sets are prepared before it is imported.

The mel scale is HTK's, mel(f) = 2595 log10(1 + f / 700) (Young et al., The HTK Book, 2006, section 5.4), and a band is a
triangle of height 1 over its neighbours' centres, so that the bands of every frequency between the outer centres sum to 1.
Levels are natural logarithms of amplitudes: a sine of amplitude a at a frequency of the transform has magnitude a there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from genlab.contracts import ConfigError, MelFormat, Problem

FLOOR = 1e-5  # of amplitudes: -100 dB; digital silence has no logarithm


def mel_of(hertz: np.ndarray | float) -> np.ndarray:
    """Hz to mel, HTK's."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def hertz_of(mel: np.ndarray | float) -> np.ndarray:
    """The inverse of ``mel_of``."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)


@lru_cache(maxsize=8)
def filterbank(form: MelFormat) -> np.ndarray:
    """The weight of every frequency of the transform in every band, float64 [n_mels, n_fft / 2 + 1]."""
    edges = hertz_of(np.linspace(mel_of(form.f_min), mel_of(form.f_max), form.n_mels + 2))
    frequency = np.linspace(0, form.sample_rate / 2, form.n_fft // 2 + 1)
    low, centre, high = (edges[place : place + form.n_mels, None] for place in range(3))
    rising, falling = (frequency - low) / (centre - low), (high - frequency) / (high - centre)
    return np.clip(np.minimum(rising, falling), 0, None)


def require_bands(form: MelFormat) -> None:
    """Refuse bands that no frequency of the transform falls into, or that lie beyond half of the sample rate.

    Raises:
        ConfigError: with the remedy.
    """
    nyquist = form.sample_rate / 2
    if not form.f_min < form.f_max <= nyquist:
        what = f"bands must rise and end at half of the sample rate, {nyquist:g} Hz, at most; f_min is {form.f_min:g}"
        raise ConfigError([Problem(f"data.f_max={form.f_max:g}", what, f"Type: data.f_min=0 data.f_max={nyquist:g}")])
    empty = int((filterbank(form).sum(1) == 0).sum())
    if empty:
        what = (
            f"{empty} of the bands are narrower than the {form.sample_rate / form.n_fft:.1f} Hz that n_fft tells apart"
        )
        remedy = f"Type: data.n_fft={2 * form.n_fft}, or fewer bands: data.n_mels={form.n_mels // 2}"
        raise ConfigError([Problem(f"data.n_mels={form.n_mels}", what, remedy)])


def require_overlap(form: MelFormat) -> None:
    """Refuse windows that overlap by less than half: what lies between two of them is hardly seen, and no sound comes back.

    Raises:
        ConfigError: with the remedy.
    """
    most = form.n_fft // 2
    if form.hop_length > most:
        what = f"windows of {form.n_fft} samples must overlap by half, or no sound can be put together from them"
        remedy = f"Type: data.hop_length={most}, or data.n_fft={2 * form.hop_length}"
        raise ConfigError([Problem(f"data.hop_length={form.hop_length}", what, remedy)])


def hann(length: int) -> np.ndarray:
    """The periodic Hann window, float64 [length]."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def windows(blocks: Iterable[np.ndarray], form: MelFormat) -> Iterator[np.ndarray]:
    """The samples under every window, with silence around the sound: [N] in any pieces -> [n, n_fft] in several pieces.

    Only a piece and a window are held at a time.
    """
    silence = np.zeros(form.n_fft // 2)
    held = silence
    for block in itertools.chain(blocks, [silence]):
        held = np.concatenate([held, block])
        count = (len(held) - form.n_fft) // form.hop_length + 1
        if count > 0:
            seen = np.lib.stride_tricks.sliding_window_view(held, form.n_fft)[:: form.hop_length][:count]
            yield seen
            held = held[count * form.hop_length :]


def log_mel(blocks: Iterable[np.ndarray], form: MelFormat) -> tuple[np.ndarray, np.ndarray]:
    """The spectrogram of a sound that comes in pieces, and the level of every frame.

    -> float32 [n_mels, T], natural logarithms; float32 [T], root mean squares under the windows.
    """
    found, levels = zip(*spectra(blocks, form), strict=True)
    return np.concatenate(found).T, np.concatenate(levels)


def spectra(blocks: Iterable[np.ndarray], form: MelFormat) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same in pieces, as the sound comes: frames [n, n_mels] and their root mean squares [n], float32."""
    window, bands = hann(form.n_fft), filterbank(form).T
    for seen in windows(blocks, form):
        under = seen * window
        magnitude = np.abs(np.fft.rfft(under)) * (2 / window.sum())
        level = np.sqrt((under**2).sum(1) / (window**2).sum())
        yield np.log(np.maximum(magnitude @ bands, FLOOR)).astype(np.float32), level.astype(np.float32)
