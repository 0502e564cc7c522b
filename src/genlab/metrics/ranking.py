"""How well a score tells unusual from usual: the higher the score, the more unusual. Pure functions of two sets of scores.

No function turns a score round: one that ranks the wrong way has an AUROC below 1/2, and says so.
"""

from __future__ import annotations

import numpy as np


def auroc(usual: np.ndarray, unusual: np.ndarray) -> float:
    """The probability that an unusual one scores higher than a usual one; ties count half. [N], [M]."""
    ordered = np.sort(usual)
    below, not_above = (np.searchsorted(ordered, unusual, side).mean() for side in ("left", "right"))
    return float((below + not_above) / 2 / len(usual))


def thresholds(usual: np.ndarray, unusual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of either kind score at least as high as each score that occurs, from the highest on: false, true hits."""
    levels = np.unique(np.concatenate([usual, unusual]))[::-1]
    false, true = (len(x) - np.searchsorted(np.sort(x), levels, "left") for x in (usual, unusual))
    return false, true


def average_precision(usual: np.ndarray, unusual: np.ndarray) -> float:
    """sum (recall gained) * precision over falling thresholds. Of chance it is the share of unusual ones, not 1/2."""
    false, true = thresholds(usual, unusual)
    gained = np.diff(true, prepend=0) / len(unusual)
    return float((gained * true / (true + false)).sum())


def false_positive_rate(usual: np.ndarray, unusual: np.ndarray, found: float = 0.95) -> float:
    """The share of usual ones that are taken for unusual where at least ``found`` of the unusual ones are found."""
    false, true = thresholds(usual, unusual)
    enough = np.argmax(true >= found * len(unusual) - 1e-9)
    return float(false[enough] / len(usual))
