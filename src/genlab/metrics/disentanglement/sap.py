"""Separated attribute predictability: Kumar et al., 2018, "Variational Inference of Disentangled Latent Concepts".

The paper: arXiv:1711.00848. As in disentanglement_lib (Locatello et al., 2019), every factor is discrete, and predicted by a
linear SVM.
"""

from __future__ import annotations

import numpy as np

from genlab.metrics.disentanglement.varying import CONSTANT

SLACK = 0.01  # C of the SVM, as disentanglement_lib


def sap(codes: np.ndarray, factors: np.ndarray, test_codes: np.ndarray, test_factors: np.ndarray) -> float:
    """The mean over factors of the difference between the two latents that predict it best."""
    scores = np.sort(predictability(codes, factors, test_codes, test_factors), 0)[::-1]
    second = scores[1] if len(scores) > 1 else np.zeros(scores.shape[1])
    return float(np.mean(scores[0] - second))


def predictability(
    codes: np.ndarray, factors: np.ndarray, test_codes: np.ndarray, test_factors: np.ndarray
) -> np.ndarray:
    """The accuracy on the test codes of each factor's prediction from each latent alone, [D, K]; a dead latent has 0."""
    from sklearn.svm import LinearSVC

    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for j in np.flatnonzero(codes.var(0) > CONSTANT):
        for k in range(factors.shape[1]):
            svm = LinearSVC(C=SLACK, class_weight="balanced", random_state=0)
            svm.fit(codes[:, [j]], factors[:, k])
            scores[j, k] = svm.score(test_codes[:, [j]], test_factors[:, k])
    return scores
