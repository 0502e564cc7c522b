"""How loud a sound is: clipping, silence around speech, and loudness that is kept."""

from __future__ import annotations

import math

import numpy as np

SILENT = 1e-4  # of full scale, -80 dB: a sound whose loudest window is below has nothing to hear
IN_A_ROW = 3  # samples at full scale that make a sound clipped: a wave that fits touches it with one or two


class Meter:
    """Looks at the samples of a file, [n, channels] at a time: their peak, and how many are clipped.

    Args:
        top: the number from which a sample is at full scale; by the depth of the file (``full_scale``).
    """

    def __init__(self, top: float = 1.0) -> None:
        self.top, self.peak, self.clipped = top, 0.0, 0
        self.before: np.ndarray | None = None  # whether the last samples were at full scale

    def see(self, block: np.ndarray) -> None:
        """Take in the next samples."""
        size = np.abs(block)
        self.peak = max(self.peak, float(size.max(initial=0.0)))
        if self.before is None:
            self.before = np.zeros((IN_A_ROW - 1, block.shape[1]), bool)
        full = np.concatenate([self.before, size >= self.top])
        rows = len(full) - IN_A_ROW + 1
        ends = np.logical_and.reduce([full[place : place + rows] for place in range(IN_A_ROW)])
        self.clipped += int(ends.sum())
        self.before = full[len(full) - IN_A_ROW + 1 :]


def full_scale(bits: int | None) -> float:
    """The largest number that so many bits hold; of floats 1, less what writers round off."""
    return 1 - 2.0 ** (1 - (bits or 16))


def speech_span(level: np.ndarray, below: float | None) -> tuple[int, int]:
    """The windows from the first to the last that is at most ``below`` dB quieter than the loudest; None: all.

    Root mean squares [T] -> first, and one beyond the last.
    """
    if below is None:
        return 0, len(level)
    loud = np.flatnonzero(level >= level.max() * 10 ** (-below / 20))
    return int(loud[0]), int(loud[-1]) + 1


def is_silent(level: np.ndarray) -> bool:
    """Whether there is nothing to hear in the windows of these root mean squares, [T]."""
    return float(level.max(initial=0.0)) < SILENT


def as_loud_as(sound: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sound with the root mean square of another, or as much of it as keeps its peak within full scale. [N], [M] -> [N].

    Silence stays silent, and becomes as silent as the other is.
    """
    own, wanted = (math.sqrt(float(np.mean(np.square(x, dtype=np.float64)))) if len(x) else 0.0 for x in (sound, other))
    if own == 0:
        return sound
    peak = float(np.abs(sound).max())
    return (sound * min(wanted / own, 1 / peak)).astype(sound.dtype)
