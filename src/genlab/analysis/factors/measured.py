"""What each latent tells of each factor, and the numbers that sum it up, of one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlab.analysis.base.subject import Subject
from genlab.config.types import TreePredictor
from genlab.contracts import Split
from genlab.data.store.order import repeated
from genlab.inference.encoded import codes_of, varied
from genlab.metrics.disentanglement.dci import completeness, disentanglement, importances
from genlab.metrics.disentanglement.histogram import binned, entropies, information
from genlab.metrics.disentanglement.mig import gap
from genlab.metrics.disentanglement.sap import sap

BINS = 20  # of a histogram, as in mig_hist20


@dataclass(frozen=True)
class Measured:
    """One model.

    Args:
        name: of the run.
        beta: weight of its KL; None of a model without, or where it is a schedule.
        factors: their names, K.
        shared: I(z_j; v_k) / H(v_k), [D, K].
        importance: of each latent for each factor's trees, [D, K]; None: without DCI.
        spread: standard deviation of each latent, [D].
        numbers: by name.
    """

    name: str
    beta: float | None
    factors: list[str]
    shared: np.ndarray
    importance: np.ndarray | None
    spread: np.ndarray
    numbers: dict[str, float]

    @property
    def gaps(self) -> np.ndarray:
        """For each factor how much more the best latent tells than the second, [K]: their mean is MIG."""
        ordered = np.sort(self.shared, 0)[::-1]
        return ordered[0] - (ordered[1] if len(ordered) > 1 else 0)


def measure(subject: Subject, train_codes: int, test_codes: int, predictor: TreePredictor | None) -> Measured:
    """Of codes of training images, to learn from, and of images of the split, the same for every model."""
    splits: tuple[Split, Split] = ("train", subject.split)
    train, test = (
        codes_of(subject.model, subject.prepared, split, rows(subject, split, most))
        for split, most in zip(splits, (train_codes, test_codes), strict=True)
    )
    (known, factors), names = varied(subject.prepared.spec.attributes, train, test)
    codes, tested = train.mean.double().numpy(), test.mean.double().numpy()
    told, entropy = information(binned(tested, BINS), factors), entropies(factors)
    numbers = {f"mig_hist{BINS}": gap(told, entropy), "sap": sap(codes, known, tested, factors)}
    importance = None
    if predictor is not None:
        importance, right = importances(codes, known, tested, factors, predictor)
        three = disentanglement(importance), completeness(importance), float(right.mean())
        names_of = (f"dci_{one}_{predictor}" for one in ("disentanglement", "completeness", "informativeness"))
        numbers |= dict(zip(names_of, three, strict=True))
    beta = getattr(subject.model, "beta", None)
    weight = float(beta) if isinstance(beta, int | float) else None
    return Measured(subject.name, weight, names, told / entropy, importance, tested.std(0, ddof=1), numbers)


def rows(subject: Subject, split: Split, most: int) -> np.ndarray:
    """The images of a split, drawn once for all models. int64, in order."""
    there = len(subject.prepared.columns[split]["image"])
    return np.sort(repeated(there, min(there, most), f"codes of {split}"))
