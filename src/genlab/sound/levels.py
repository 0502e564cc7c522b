"""How loud a sound is: clipping, silence around speech, and loudness that is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

SILENT = 1e-4  # of full scale, -80 dB: a sound whose loudest window is below has nothing to hear
ABSURD = 100.0  # times full scale, 40 dB: floats beyond it are another depth's integers
RESIDUE = 0.01  # of the loudest channel, -40 dB: a mean with no more has lost what the channels said
IN_A_ROW = 3  # samples at full scale that make a sound clipped: a wave that fits touches it with one or two


class Meter:
    """Looks at the samples of a file, [n, channels] at a time: their peak, their mean's, and how many are clipped.

    Args:
        top: the number from which a sample is at full scale; by the depth of the file (``full_scale``).
    """

    def __init__(self, top: float = 1.0) -> None:
        self.top, self.peak, self.peak_of_mean, self.full = top, 0.0, 0.0, 0
        self.before: np.ndarray | None = None  # whether the last samples were at full scale

    def see(self, block: np.ndarray) -> None:
        """Take in the next samples."""
        size = np.abs(block)
        self.peak = max(self.peak, float(size.max(initial=0.0)))
        self.peak_of_mean = max(self.peak_of_mean, float(np.abs(block.mean(1)).max(initial=0.0)))
        if self.before is None:
            self.before = np.zeros((IN_A_ROW - 1, block.shape[1]), bool)
        full = np.concatenate([self.before, size >= self.top])
        rows = len(full) - IN_A_ROW + 1
        ends = np.logical_and.reduce([full[place : place + rows] for place in range(IN_A_ROW)])
        self.full += int(ends.sum())
        self.before = full[len(full) - IN_A_ROW + 1 :]

    @property
    def beyond(self) -> bool:
        """Whether samples lie beyond full scale, as floats can: nothing of them is lost."""
        return self.peak > 1

    @property
    def clipped(self) -> int:
        """Samples at full scale that follow others there; 0 where full scale is no limit."""
        return 0 if self.beyond else self.full

    @property
    def cancels(self) -> bool:
        """Whether the channels cancel each other in their mean, as one does that is another upside down."""
        return self.peak >= SILENT and self.peak_of_mean < RESIDUE * self.peak


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
    own, wanted = Loudness(), Loudness()
    own.hear(sound)
    wanted.hear(other)
    return (sound * own.gain_to(wanted)).astype(sound.dtype)


class Loudness:
    """How loud a sound is that comes in pieces, [n] each: its root mean square, about a constant offset, and its peak."""

    def __init__(self) -> None:
        self.total, self.squares, self.count, self.peak = 0.0, 0.0, 0, 0.0

    def hear(self, block: np.ndarray) -> None:
        """Take in the next samples."""
        self.total += float(block.sum(dtype=np.float64))
        self.squares += float(np.square(block, dtype=np.float64).sum())
        self.count += len(block)
        self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))

    def passing(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same pieces, heard on their way."""
        for block in blocks:
            self.hear(block)
            yield block

    @property
    def rms(self) -> float:
        """The root mean square about the mean, which is not heard; 0 of nothing."""
        if not self.count:
            return 0.0
        return math.sqrt(max(0.0, self.squares / self.count - (self.total / self.count) ** 2))

    def gain_to(self, wanted: Loudness) -> float:
        """By what this sound is multiplied to be as loud as the other, or as loud as keeps its peak within full scale."""
        return min(wanted.rms / self.rms, 1 / self.peak) if self.rms else 1.0

    def lacking(self, wanted: Loudness) -> float:
        """Decibels by which it then stays below the other; 0: it is as loud."""
        return max(0.0, 20 * math.log10(wanted.rms / self.rms * self.peak)) if self.rms and wanted.rms else 0.0
