"""AUROC, average precision and false positives of scores, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from genlab.metrics.ranking import auroc, average_precision, false_positive_rate


def scores(ties, count=300, many=170):
    rng = np.random.default_rng(0)
    usual, unusual = rng.normal(0, 1, count), rng.normal(1, 2, many)
    return [np.round(x) if ties else x for x in (usual, unusual)]


@pytest.mark.parametrize("ties", [False, True])
def test_they_are_those_of_scikit_learn(ties):
    usual, unusual = scores(ties)
    truth, score = np.repeat([0, 1], [len(usual), len(unusual)]), np.concatenate([usual, unusual])
    assert auroc(usual, unusual) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert average_precision(usual, unusual) == pytest.approx(average_precision_score(truth, score), abs=1e-12)
    false, true, _ = roc_curve(truth, score, drop_intermediate=False)
    assert false_positive_rate(usual, unusual) == pytest.approx(false[np.argmax(true >= 0.95)], abs=1e-12)


def test_a_score_that_ranks_the_wrong_way_says_so():
    assert auroc(np.array([1.0, 2.0]), np.array([-1.0, 0.0])) == 0
    assert auroc(np.array([-1.0, 0.0]), np.array([1.0, 2.0])) == 1
    assert auroc(np.zeros(3), np.zeros(4)) == 0.5
    usual, unusual = scores(False)
    assert auroc(-usual, -unusual) == pytest.approx(1 - auroc(usual, unusual), abs=1e-12)


def test_chance_has_the_precision_of_its_share():
    assert average_precision(np.zeros(90), np.zeros(10)) == pytest.approx(0.1)
    assert false_positive_rate(np.zeros(90), np.zeros(10)) == 1
    assert false_positive_rate(np.arange(10.0), np.arange(20.0, 30.0)) == 0


def test_one_infinite_score_does_not_spoil_the_ranking():
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, np.inf])) == 1
