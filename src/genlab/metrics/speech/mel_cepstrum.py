"""Mel-cepstral distortion of log-mel spectrograms: how far two envelopes are apart, in dB.

The cepstrum c of a column x of natural logarithms of amplitudes in N bands is that of

    x_n = c_0 + sum over m of c_m cos(pi m (n + 1/2) / N),

a DCT-II scaled as the mel-cepstra of the literature are (an orthonormal one is sqrt(N / 2) times as large). In these units

    (10 / ln 10) sqrt(2 sum over m of (c_m - c'_m)^2)

(Kubichek, 1993, "Mel-cepstral distance measure for objective speech quality assessment") is the root mean square over the bands
of the difference between two envelopes in dB, loudness apart. It is called mel-MCD, since its cepstra are of mel bands: those
of WORLD's envelopes have other values.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

DECIBELS = 10 * math.sqrt(2) / math.log(10)  # of a distance between cepstra: 6.14
QUIET = 40.0  # dB below the loudest frame, from which a frame is silence


@lru_cache(maxsize=8)
def cosines(bands: int, coefficients: int) -> np.ndarray:
    """From a column to its cepstrum without c_0, which is loudness. float64 [coefficients, bands]."""
    order, band = np.arange(1, coefficients + 1)[:, None], np.arange(bands)
    return np.cos(np.pi * order * (band + 0.5) / bands) * (2 / bands)


def mel_cepstrum(log_mel: np.ndarray, coefficients: int) -> np.ndarray:
    """c_1 … c_K of every frame; K less than the number of bands. [n_mels, T] of natural logarithms -> float64 [K, T]."""
    return cosines(len(log_mel), coefficients) @ np.asarray(log_mel, np.float64)


def distortions(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The mel-cepstral distortion of every frame of one sound to every frame of another, in dB. [K, N], [K, M] -> [N, M]."""
    squares = (a**2).sum(0)[:, None] + (b**2).sum(0) - 2 * a.T @ b
    return DECIBELS * np.sqrt(np.maximum(squares, 0))


def is_speech(log_mel: np.ndarray, below: float = QUIET) -> np.ndarray:
    """Which frames are at most ``below`` dB quieter than the loudest, by the power of their bands. [n_mels, T] -> bool [T]."""
    power = np.exp(2 * np.asarray(log_mel, np.float64)).sum(0)
    return power >= power.max() * 10 ** (-below / 10)
