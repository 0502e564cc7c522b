"""A translated recording beside the true one of the same sentence: aligned, and how far apart they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from genlab.metrics.log_spectral_distance import log_spectral_distance
from genlab.metrics.speech.alignment import aligned
from genlab.metrics.speech.mel_cepstrum import distortions, is_speech, mel_cepstrum


class Apart(NamedTuple):
    """Means over the aligned frames, in dB: mel-cepstral distortion, and log-spectral distance of the bands."""

    mel_mcd: float
    mel_lsd: float


def compared(a: np.ndarray, b: np.ndarray, coefficients: int) -> Apart:
    """How far two recordings of one sentence are apart, over the frames that DTW pairs; silence of either is left out first.

    [n_mels, N], [n_mels, M] of natural logarithms of amplitudes.
    """
    a, b = (x[:, is_speech(x)].astype(np.float64) for x in (a, b))
    cost = distortions(mel_cepstrum(a, coefficients), mel_cepstrum(b, coefficients))
    i, j = aligned(cost)
    first, second = (torch.from_numpy(np.exp(x))[None] for x in (a[:, i], b[:, j]))
    return Apart(float(cost[i, j].mean()), float(log_spectral_distance(first, second)))
