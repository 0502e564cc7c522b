"""MIG, SAP and DCI of codes whose relation to the factors is known: one latent each, all mixed, and none."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.analysis.factors import measured
from genlab.analysis.factors.measured import measure
from genlab.contracts import DataSpec
from genlab.inference.encoded import Codes

DICE = np.random.default_rng(0)
FACTORS = np.stack([DICE.integers(0, 4, 2000), DICE.integers(0, 3, 2000), np.zeros(2000, np.int64)], 1)
SPEC = DataSpec("x", "images", (1, 4, 4), {}, "", attributes=("a", "b", "still"), levels=(4, 3, 1))


def found(monkeypatch, codes, predictor="forest"):
    made = Codes(torch.from_numpy(codes).float(), None, torch.from_numpy(FACTORS))
    monkeypatch.setattr(measured, "codes_of", lambda *given: made)
    monkeypatch.setattr(measured, "rows", lambda *given: np.arange(1))
    subject = SimpleNamespace(
        model=SimpleNamespace(beta=4.0), prepared=SimpleNamespace(spec=SPEC), split="test", name="x"
    )
    return measure(subject, 1000, 1000, predictor)


def test_a_latent_for_each_factor_is_the_best_there_is(monkeypatch):
    one = found(monkeypatch, np.stack([FACTORS[:, 1], DICE.normal(size=2000), FACTORS[:, 0]], 1).astype(float))
    assert one.factors == ["a", "b"]
    assert one.shared[2, 0] == pytest.approx(1)
    assert one.shared[0, 1] == pytest.approx(1)
    assert one.numbers["mig_hist20"] > 0.95
    assert one.numbers["dci_disentanglement_forest"] > 0.95
    assert one.numbers["dci_informativeness_forest"] == pytest.approx(1)
    assert one.importance.argmax(0).tolist() == [2, 0]
    assert one.gaps.mean() == pytest.approx(one.numbers["mig_hist20"])
    assert one.beta == 4.0


def test_two_latents_that_tell_the_same_have_no_gap(monkeypatch):
    one = found(monkeypatch, np.stack([FACTORS[:, 0]] * 2 + [FACTORS[:, 1]], 1).astype(float), None)
    assert one.gaps.tolist() == pytest.approx([0, 1], abs=0.02)
    assert one.importance is None
    assert set(one.numbers) == {"mig_hist20", "sap"}
