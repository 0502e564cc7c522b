"""Entropy and mutual information by counting, in nats."""

from __future__ import annotations

import numpy as np


def binned(codes: np.ndarray, bins: int) -> np.ndarray:
    """Each latent in ``bins`` bins of equal width between its extremes. [N, D] -> int64 [N, D]; a constant latent is all 0."""
    low, width = codes.min(0), np.ptp(codes, 0)
    scaled = (codes - low) / np.where(width > 0, width, 1)
    return np.minimum((scaled * bins).astype(np.int64), bins - 1)


def counts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How often each pair of values occurs. int64 [N] twice -> [values of a, values of b]."""
    wide = int(b.max()) + 1
    return np.bincount(a * wide + b, minlength=(int(a.max()) + 1) * wide).reshape(-1, wide)


def entropy_of(numbers: np.ndarray) -> float:
    """The entropy of a distribution given by counts of any shape."""
    p = numbers[numbers > 0] / numbers.sum()
    return float(-(p * np.log(p)).sum())


def entropies(values: np.ndarray) -> np.ndarray:
    """The entropy of each column. int64 [N, K] -> [K]."""
    return np.array([entropy_of(np.bincount(column)) for column in values.T])


def information(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mutual information of every column of ``a`` with every column of ``b``. int64 [N, D], [N, K] -> [D, K]."""
    both = np.array([[entropy_of(counts(left, right)) for right in b.T] for left in a.T])
    return np.maximum(entropies(a)[:, None] + entropies(b) - both, 0)
