"""Linear probes: what a linear classifier reads from codes. Alain and Bengio, 2016 (arXiv:1610.01644)."""

from __future__ import annotations

from torch import Tensor

ROUNDS = 300  # of the solver, which needs a tenth of them


def probe_accuracy(
    codes: Tensor, labels: Tensor, others: Tensor, right: Tensor, one_unit: bool = False, c: float = 1.0
) -> float:
    """How often a logistic regression, fitted to ``codes`` and ``labels``, is right on ``others``: a share.

    The codes are scaled by the mean and standard deviation of those it is fitted to: each dimension by its own, or with
    ``one_unit`` all by one, for dimensions that are alike, as pixels are. ``c``: scikit-learn's, how little large weights cost.
    [N, D], [N], [M, D], [M].
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = codes.mean(0), codes.std(0)
    spread = (spread.square().mean().sqrt() if one_unit else spread).clamp_min(1e-6)
    probe = LogisticRegression(C=c, max_iter=ROUNDS).fit(((codes - mean) / spread).double().numpy(), labels.numpy())
    return float((probe.predict(((others - mean) / spread).double().numpy()) == right.numpy()).mean())
