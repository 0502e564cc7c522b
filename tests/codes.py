"""Codes of known worth for two factors of eight levels each."""

import numpy as np

SD = 0.05  # of a code around its level


def factors_of(count, seed):
    """Levels of two independent factors, int64 [N, 2]."""
    return np.random.default_rng(seed).integers(0, 8, (count, 2))


def codes_of(kind, factors, seed):
    """Codes [N, D] of one kind: a latent for each factor, and what can be done to them."""
    rng = np.random.default_rng(seed + 100)
    perfect = factors - 3.5 + SD * rng.normal(size=factors.shape)
    other = rng.normal(size=(len(factors), 1))
    return {
        "perfect": lambda: perfect,
        "rotated": lambda: perfect @ np.array([[1, -1], [1, 1]]) / np.sqrt(2),  # by 45 degrees
        "noise": lambda: np.hstack([perfect, other]),
        "duplicated": lambda: np.hstack([perfect, perfect[:, :1]]),
        "dead": lambda: np.hstack([perfect, np.full_like(other, 0.3)]),
        "random": lambda: rng.normal(size=(len(factors), 3)),
    }[kind]()
