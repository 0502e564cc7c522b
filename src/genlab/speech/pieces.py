"""Long sounds in pieces that are cut where they are quiet and fade into each other: an hour takes the memory of a piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from genlab.contracts import MelFormat

LONGEST = 20.0  # seconds of a piece; what is not longer is translated whole, as in validation
AROUND = 0.25  # seconds that two pieces share on either side of their cut


@dataclass(frozen=True)
class Piece:
    """Some windows of a sound: their levels, float32 [n_mels, T], and root mean squares [T].

    ``own``: those of them that lie between its cuts; ``last``: whether there are none after it.
    """

    frames: np.ndarray
    level: np.ndarray
    own: slice
    last: bool


def around(form: MelFormat) -> int:
    """Windows that two pieces share on either side of their cut."""
    return max(1, round(AROUND / form.seconds(1)))


def pieces(spectra: Iterable[tuple[np.ndarray, np.ndarray]], form: MelFormat) -> Iterator[Piece]:
    """Cut what comes in windows: frames [n, n_mels] and their root mean squares [n], in any parts.

    Every piece but the first begins, and every one but the last ends, ``around`` windows beyond its cut.
    """
    longest, shared, own = round(LONGEST / form.seconds(1)), around(form), 0
    frames, level = np.empty((0, form.n_mels), np.float32), np.empty(0, np.float32)
    for some, loud in spectra:
        frames, level = np.concatenate([frames, some]), np.concatenate([level, loud])
        while len(level) > own + longest + 2 * shared:
            cut = quietest(level, own + longest // 2, own + longest, shared)
            yield Piece(frames[: cut + shared].T, level[: cut + shared], slice(own, cut), last=False)
            frames, level, own = frames[cut - shared :], level[cut - shared :], shared
    yield Piece(frames.T, level, slice(own, len(level)), last=True)


def quietest(level: np.ndarray, first: int, end: int, shared: int) -> int:
    """Of the windows from ``first`` to before ``end`` the one around which it is the most quiet. [T] -> its place."""
    width = 2 * shared
    power = np.convolve(level.astype(np.float64) ** 2, np.ones(width), "same")
    return first + int(power[first:end].argmin())


def joined(sounds: Iterable[np.ndarray], shared: int) -> Iterator[np.ndarray]:
    """Pieces of sound that share ``shared`` samples with the next, one fading into the other. [N] each -> [n] in parts."""
    held: np.ndarray | None = None
    rising = ((np.arange(shared) + 0.5) / shared).astype(np.float32)
    for sound in sounds:
        if held is not None:
            faded = sound[:shared] * rising + held * (1 - rising)
            sound = np.concatenate([faded, sound[shared:]])
        held = sound[len(sound) - shared :] if len(sound) > shared else sound[:0]
        yield sound[: len(sound) - len(held)]
    if held is not None:
        yield held
