"""Sums over the frames of a sound: what its mean, its covariance and its variance over time are worked out from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """The sum over frames of (1, c)(1, c)^T, c a frame's K numbers: float64 [1 + K, 1 + K]. Those of two sounds add up."""

    sums: np.ndarray

    @classmethod
    def of(cls, frames: np.ndarray) -> Moments:
        """Those of [K, T]."""
        whole = np.concatenate([np.ones((1, frames.shape[1])), frames])
        return cls(whole @ whole.T)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.sums + other.sums)

    def first(self, numbers: int) -> Moments:
        """Those of the first so many of a frame's numbers, or of all where there are fewer."""
        return Moments(self.sums[: 1 + numbers, : 1 + numbers])

    @property
    def count(self) -> float:
        """The number of frames."""
        return float(self.sums[0, 0])

    @property
    def mean(self) -> np.ndarray:
        """[K]."""
        found: np.ndarray = self.sums[0, 1:] / self.sums[0, 0]
        return found

    @property
    def covariance(self) -> np.ndarray:
        """Over as many frames as there are, [K, K]."""
        found: np.ndarray = self.sums[1:, 1:] / self.sums[0, 0] - np.outer(self.mean, self.mean)
        return found

    @property
    def variance(self) -> np.ndarray:
        """Over time of each of the K: the global variance (Toda, Black and Tokuda, 2007, equation 14). [K]."""
        return np.diag(self.covariance)
