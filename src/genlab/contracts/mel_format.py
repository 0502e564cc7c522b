"""How a sound becomes a spectrogram: what must be known to make one, and to come back from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MelFormat:
    """Windows of ``n_fft`` samples, ``hop_length`` apart, seen in ``n_mels`` bands from ``f_min`` to ``f_max``.

    ``sample_rate``, ``f_min`` and ``f_max`` in Hz.
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    f_min: float
    f_max: float

    def frames(self, samples: int) -> int:
        """How many windows a sound has: one around every ``hop_length``-th sample, the first around its beginning."""
        return 1 + samples // self.hop_length

    def seconds(self, frames: int) -> float:
        """The time from one window to as many windows later."""
        return frames * self.hop_length / self.sample_rate
