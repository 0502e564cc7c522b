"""How far apart the spectra of two sounds are, in dB (Gray and Markel, 1976, "Distance measures for speech processing")."""

from __future__ import annotations

import torch
from torch import Tensor

DECIBELS = 20  # of a factor of 10 in amplitude
FLOOR = 1e-5  # of full scale, -100 dB


def log_spectral_distance(a: Tensor, b: Tensor, floor: float = FLOOR) -> Tensor:
    """Root mean square over the frequencies of the difference in dB, averaged over the frames. [B, F, T] twice -> [B].

    Args:
        a: amplitudes; ``b``: of a sound of the same length.
        floor: amplitudes below count as this.
    """
    apart = DECIBELS * (torch.log10(a.clamp_min(floor)) - torch.log10(b.clamp_min(floor)))
    return apart.square().mean(-2).sqrt().mean(-1)
