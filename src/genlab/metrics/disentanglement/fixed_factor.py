"""Two scores by groups of images that have one factor in common: can a simple classifier tell which factor it is?

FactorVAE score: Kim and Mnih, 2018, "Disentangling by Factorising" (arXiv:1802.05983). beta-VAE score: Higgins et al., 2017
(ICLR). Groups are drawn with replacement from the images that there are.
"""

from __future__ import annotations

import numpy as np

from genlab.metrics.disentanglement.varying import varying

GROUP = 64  # images in a group, or pairs, as disentanglement_lib
TRAINING, TESTING = 10_000, 5_000  # groups that the classifier learns from and is tested on, as there


def factor_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    rng: np.random.Generator,
    groups: tuple[int, int] = (TRAINING, TESTING),
) -> float:
    """How often the varying latent that varies least in a group, in units of its own variance, tells the factor.

    The classifier takes the factor that the latent stood for most often; where no latent varies, the score is 0.
    """
    scale = codes.var(0, ddof=1)
    kept = varying(codes)
    if not kept.any():
        return 0.0
    learned = votes(codes[:, kept], factors, scale[kept], groups[0], rng).argmax(1)  # [varying latents]
    tested = votes(test_codes[:, kept], test_factors, scale[kept], groups[1], rng)
    return float(tested[np.arange(len(learned)), learned].sum() / tested.sum())


def votes(
    codes: np.ndarray, factors: np.ndarray, scale: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """How often each latent varied least in ``count`` groups of each factor: int64 [D, K]."""
    table = np.zeros((codes.shape[1], factors.shape[1]), np.int64)
    for k, many in enumerate(drawn_factors(factors, count, rng)):
        spread = codes[alike(factors[:, k], many, GROUP, rng)].var(1, ddof=1) / scale
        table[:, k] = np.bincount(spread.argmin(1), minlength=codes.shape[1])
    return table


def beta_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    rng: np.random.Generator,
    groups: tuple[int, int] = (TRAINING, TESTING),
) -> float:
    """The accuracy of a logistic regression on the mean |z - z'| over pairs that have the factor in common."""
    from sklearn.linear_model import LogisticRegression

    x, y = differences(codes, factors, groups[0], rng)
    return float(
        LogisticRegression(max_iter=1000).fit(x, y).score(*differences(test_codes, test_factors, groups[1], rng))
    )


def differences(
    codes: np.ndarray, factors: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mean |z - z'| over groups of pairs, [count, D], and the factor that each group has in common, [count]."""
    found = []
    many = drawn_factors(factors, count, rng)
    for k, groups in enumerate(many):
        pair = codes[alike(factors[:, k], groups * GROUP, 2, rng)]
        found.append(abs(pair[:, 0] - pair[:, 1]).reshape(groups, GROUP, -1).mean(1))
    return np.concatenate(found), np.repeat(np.arange(len(many)), many)


def drawn_factors(factors: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """How many of ``count`` groups each factor gets, all being equally likely. [K]."""
    return np.bincount(rng.integers(factors.shape[1], size=count), minlength=factors.shape[1])


def alike(levels: np.ndarray, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of ``count`` groups of images with one level, which is drawn evenly. int64 [N] -> [count, size]."""
    order = levels.argsort(kind="stable")
    _, first, many = np.unique(levels[order], return_index=True, return_counts=True)
    level = rng.integers(len(first), size=(count, 1))
    return order[first[level] + (rng.random((count, size)) * many[level]).astype(np.int64)]
