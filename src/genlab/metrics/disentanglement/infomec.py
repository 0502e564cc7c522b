"""InfoM, InfoE and InfoC: Hsu et al., 2023, "Disentanglement via Latent Quantization" (arXiv:2305.18378).

As in the authors' code: mutual information of a latent and a factor by nearest neighbours (Ross, 2014), in units of the
factor's entropy; explicitness by logistic regression on the codes that are measured.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from genlab.metrics.disentanglement.histogram import entropies

NEIGHBOURS = 10  # as the authors' code
SHARE = 1 / 20  # of the widest latent's range, that an active one covers; as there


class InfoMEC(NamedTuple):
    """Modularity and compactness, 1 at best and 0 where information is spread evenly; explicitness, at most 1."""

    modularity: float
    explicitness: float
    compactness: float


def infomec(codes: np.ndarray, factors: np.ndarray) -> InfoMEC:
    """All three. Modularity is not defined for one factor, and compactness for one active latent: NaN."""
    kept = np.ptp(codes, 0) > np.ptp(codes, 0).max() * SHARE
    shared = normalised_information(codes[:, kept], factors) if kept.any() else np.zeros((0, factors.shape[1]))
    return InfoMEC(evenness_lost(shared), info_explicitness(codes, factors), evenness_lost(shared.T))


def normalised_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(z_j; v_k) / H(v_k), [D, K]."""
    from sklearn.feature_selection import mutual_info_classif

    spread = codes.std(0)
    scaled = (codes - codes.mean(0)) / np.where(spread > 0, spread, 1)
    shared = [mutual_info_classif(scaled, column, n_neighbors=NEIGHBOURS, random_state=0) for column in factors.T]
    return np.stack(shared, 1) / entropies(factors)


def evenness_lost(shared: np.ndarray) -> float:
    """(mean over rows of the greatest entry's share - 1/n) / (1 - 1/n), n entries a row; 0 where no row is left.

    A row without any information counts as spread evenly. NaN with one entry a row.
    """
    rows, n = shared.shape
    if rows == 0 or n == 0:
        return 0.0
    if n == 1:
        return float("nan")
    total = shared.sum(1)
    share = np.where(total > 0, shared.max(1) / np.where(total > 0, total, 1), 1 / n)
    return float((share.mean() - 1 / n) / (1 - 1 / n))


def info_explicitness(codes: np.ndarray, factors: np.ndarray) -> float:
    """1 - (cross-entropy of each factor given the code) / (that without it), the mean over factors.

    The prediction is linear and weighs all levels alike, so that without the code it is log(number of levels).
    """
    return float(
        np.mean([1 - balanced_cross_entropy(codes, column) / np.log(len(np.unique(column))) for column in factors.T])
    )


def balanced_cross_entropy(codes: np.ndarray, factor: np.ndarray) -> float:
    """Of a multinomial logistic regression without penalty, on what it learned from, in nats."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, class_weight="balanced"))
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # 100 steps, as the authors: separable codes have no optimum
        return float(log_loss(factor, linear.fit(codes, factor).predict_proba(codes)))
