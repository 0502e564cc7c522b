"""The fundamental frequency of a voice, by YIN (de Cheveigné and Kawahara, 2002, "YIN, a fundamental frequency estimator")."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LOWEST, HIGHEST = 60.0, 500.0  # Hz
WINDOW, STEP = 0.04, 0.01  # seconds
DIP = 0.15  # the first lag at which d' dips below is the period; step 4 of the paper
VOICED = 0.3  # a frame in which d' does not dip below has no pitch
QUIET = 0.01  # of the loudest frame's root mean square, -40 dB: below there is no voice
SMOOTH = 0.0015  # seconds that a sound is averaged over first (1 ms in the paper): low harmonics tell a period best
BLOCK = 1024  # frames at a time: memory does not grow with the length of a sound


def pitch(sound: np.ndarray, rate: int) -> np.ndarray:
    """The fundamental frequency in Hz, every ``STEP`` seconds; NaN where there is no voice. [N] at ``rate`` Hz -> float64 [T].

    Of frames that lie wholly in the sound: ``WINDOW`` and the longest period.
    """
    window, longest = round(WINDOW * rate), round(rate / LOWEST) + 1
    if len(sound) < window + longest:
        return np.empty(0)
    smooth = np.convolve(np.asarray(sound, np.float64), np.full(near := round(SMOOTH * rate), 1 / near), "same")
    frames = np.lib.stride_tricks.sliding_window_view(smooth, window + longest)[:: round(STEP * rate)]
    parts = [periods(frames[place : place + BLOCK], window, rate) for place in range(0, len(frames), BLOCK)]
    period, depth, level = (np.concatenate(part) for part in zip(*parts, strict=True))
    return np.where((depth < VOICED) & (level > QUIET * level.max()), rate / period, np.nan)


def periods(frames: np.ndarray, window: int, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Period in samples, d' there, and root mean square of every frame: [T, window + longest] -> [T] each."""
    shortest, longest = round(rate / HIGHEST), frames.shape[1] - window
    depth = normalised(differences(frames, window))
    inner = depth[:, shortest:longest]
    is_dip = (inner < DIP) & (inner <= depth[:, shortest - 1 : longest - 1]) & (inner <= depth[:, shortest + 1 :])
    lag = shortest + np.where(is_dip.any(1), is_dip.argmax(1), inner.argmin(1))
    return *bottom(depth, lag), np.sqrt((frames[:, :window] ** 2).mean(1))


def differences(frames: np.ndarray, window: int) -> np.ndarray:
    """d of the paper, equation 6: squared differences of the window and the one so many samples later. -> [T, longest + 1]."""
    size = 1 << (frames.shape[1] + window - 1).bit_length()
    first = np.fft.rfft(frames[:, :window], size)
    product = np.fft.irfft(np.fft.rfft(frames, size) * first.conj(), size)[:, : frames.shape[1] - window + 1]
    sums = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), 1)
    energy = sums[:, window:] - sums[:, : sums.shape[1] - window]
    return np.maximum(energy[:, :1] + energy - 2 * product, 0)


def normalised(difference: np.ndarray) -> np.ndarray:
    """d' of the paper, equation 8: over its mean at all shorter lags; 1 at lag 0, and everywhere in digital silence."""
    lag = np.arange(1, difference.shape[1])
    mean = np.cumsum(difference[:, 1:], 1) / lag
    rest = np.divide(difference[:, 1:], mean, out=np.ones_like(mean), where=mean > 0)
    return np.pad(rest, ((0, 0), (1, 0)), constant_values=1.0)


def bottom(depth: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the parabola through a lag and its neighbours is least, and d' at the lag. [T, L], int64 [T] -> [T] twice."""
    row = np.arange(len(lag))
    left, middle, right = (depth[row, lag + step] for step in (-1, 0, 1))
    bend = left + right - 2 * middle
    shift = np.divide(left - right, 2 * bend, out=np.zeros_like(bend), where=bend > 0)
    return lag + shift.clip(-1, 1), middle


class LogPitch(NamedTuple):
    """Of the logarithm of a voice's pitch in Hz: mean and standard deviation over its voiced frames, and their share of all."""

    mean: float
    deviation: float
    voiced: float


def pitch_sums(found: np.ndarray) -> np.ndarray:
    """Frames, voiced frames, and sums of log F0 and of its square; those of several sounds add up. [T] -> float64 [4]."""
    logs = np.log(found[~np.isnan(found)])
    return np.array([len(found), len(logs), logs.sum(), (logs**2).sum()])


def log_pitch(sums: np.ndarray) -> LogPitch:
    """The statistics of ``pitch_sums``; NaN of what has no voiced frame."""
    frames, voiced, total, squares = sums.tolist()
    if not voiced:
        return LogPitch(np.nan, np.nan, 0.0)
    mean = total / voiced
    return LogPitch(mean, max(squares / voiced - mean**2, 0.0) ** 0.5, voiced / frames)
