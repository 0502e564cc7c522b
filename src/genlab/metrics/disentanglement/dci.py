"""Disentanglement, completeness, informativeness.

Eastwood and Williams, 2018, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR).

The importance of a latent for a factor is that of trees that predict the factor from the code. ``boosted``: gradient boosting
with scikit-learn's defaults, as disentanglement_lib; ``forest``: a random forest, as the paper, in a hundredth of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from genlab.config.types import TreePredictor

TINY = 1e-11  # added to an importance, as disentanglement_lib: of a latent that no factor needs


class DCI(NamedTuple):
    """The three numbers, each in [0, 1]."""

    disentanglement: float
    completeness: float
    informativeness: float


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    predictor: TreePredictor,
) -> DCI:
    """All three; informativeness is the mean accuracy on the test codes."""
    importance, accuracy = importances(codes, factors, test_codes, test_factors, predictor)
    return DCI(disentanglement(importance), completeness(importance), float(accuracy.mean()))


def importances(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    predictor: TreePredictor,
) -> tuple[np.ndarray, np.ndarray]:
    """How much the trees of each factor use each latent, [D, K], and how often they are right on the test codes, [K]."""
    importance, accuracy = np.zeros((codes.shape[1], factors.shape[1])), np.zeros(factors.shape[1])
    for k in range(factors.shape[1]):
        trees = new_trees(predictor).fit(codes, factors[:, k])
        importance[:, k] = trees.feature_importances_
        accuracy[k] = trees.score(test_codes, test_factors[:, k])
    return importance, accuracy


def new_trees(predictor: TreePredictor) -> Any:
    """Untrained trees."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    if predictor == "boosted":
        return GradientBoostingClassifier(random_state=0)
    return RandomForestClassifier(50, max_depth=12, min_samples_leaf=5, max_features=None, random_state=0)


def disentanglement(importance: np.ndarray) -> float:
    """sum_j rho_j (1 - H_K of the importance of latent j), rho_j its share of all importance. [D, K]."""
    if importance.sum() == 0:
        return 0.0
    return float((concentration(importance) * importance.sum(1)).sum() / importance.sum())


def completeness(importance: np.ndarray) -> float:
    """The same of each factor over the latents."""
    return disentanglement(importance.T)


def concentration(importance: np.ndarray) -> np.ndarray:
    """1 - the entropy of each row, in units of that of a uniform one. [D, K] -> [D]; with one column, nothing is spread: 1."""
    if importance.shape[1] == 1:
        return np.ones(len(importance))
    p = importance + TINY
    p = p / p.sum(1, keepdims=True)
    return 1 + (p * np.log(p)).sum(1) / np.log(importance.shape[1])
