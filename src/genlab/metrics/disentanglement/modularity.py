"""Modularity and explicitness: Ridgeway and Mozer, 2018, "Learning Deep Disentangled Embeddings" (arXiv:1802.05312)."""

from __future__ import annotations

import numpy as np

from genlab.metrics.disentanglement.histogram import binned, information
from genlab.metrics.ranking import auroc


def modularity(codes: np.ndarray, factors: np.ndarray, bins: int = 20) -> float:
    """How far each latent has information on one factor only, the mean over latents; one with none has 0.

    1 - sum_k (m_k^2 of all but the greatest) / ((K - 1) greatest m_k^2), m by a histogram as in ``mig_hist``. With one
    factor it is not defined: NaN.
    """
    square = information(binned(codes, bins), factors) ** 2
    most, others = square.max(1), square.shape[1] - 1
    if others == 0:
        return float("nan")
    rest = (square.sum(1) - most) / np.where(most > 0, most * others, 1)
    return float(np.mean(np.where(most > 0, 1 - rest, 0)))


def explicitness(codes: np.ndarray, factors: np.ndarray, test_codes: np.ndarray, test_factors: np.ndarray) -> float:
    """The AUROC of a logistic regression for each level of each factor against the rest, on the test codes; the mean.

    Codes are standardised; levels that the test has none of are left out.
    """
    return float(
        np.mean(
            [explicitness_of(codes, factors[:, k], test_codes, test_factors[:, k]) for k in range(factors.shape[1])]
        )
    )


def explicitness_of(codes: np.ndarray, factor: np.ndarray, test_codes: np.ndarray, test_factor: np.ndarray) -> float:
    """The mean over the levels of one factor."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(codes, factor)
    guess = linear.predict_proba(test_codes)  # [N, levels]
    there = [(i, test_factor == level) for i, level in enumerate(linear.classes_)]
    return float(np.mean([auroc(guess[~own, i], guess[own, i]) for i, own in there if own.any() and not own.all()]))
