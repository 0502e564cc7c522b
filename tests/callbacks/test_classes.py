"""Classes of samples, by a classifier that is always right: which are there, and in which shares."""

import csv
import json
import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot

from genlab.callbacks.evaluators.classes import Classes
from genlab.callbacks.translations import SAMPLED
from genlab.contracts import DataSpec
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors import extractor
from genlab.metrics.extractors.extractor import Extractor

K, TRAIN = 4, torch.tensor([0] * 60 + [1] * 20 + [2] * 20).numpy()  # none of class 3
SPEC = DataSpec("x", "images", (1, 2, 2), {"train": 100}, "0", classes=K, class_names=tuple("abcd"))
SET = PreparedData(SPEC, {"train": {"label": TRAIN}, "val": {}, "test": {}})
CLASSES = Classes(1, [], "auto", 200, 400)


def now(shown=None, stage="test", spec=SPEC):
    """A stage whose samples show these classes; None: of a rank that has none."""
    right = Extractor("classifier", nn.Linear(K, K), K, accuracy=0.95, head=nn.Identity())
    made = {} if shown is None else {SAMPLED: one_hot(torch.tensor(shown), K).float()}
    return SimpleNamespace(
        prepared=PreparedData(spec, SET.columns),
        **{"stage": stage, "counts": {}, "tables": {}},
        limited=lambda val, test: {"val": val, "test": test}[stage],
        extractor=lambda choice: right,
        extractors=SimpleNamespace(stated={}, get=lambda choice: right),
        generated=SimpleNamespace(of=lambda extractor, count: made),
    )


def test_samples_are_held_against_the_training_images(monkeypatch):
    monkeypatch.setattr(extractor, "BLOCK", 7)
    state = now([0] * 30 + [1] * 10)
    found = CLASSES.finish(state)
    p = {0: 0.75, 1: 0.25}
    wanted = {0: 60 / 100.5, 1: 20 / 100.5}
    assert found["classes"] == 2
    assert found["class_kl"] == pytest.approx(sum(p[k] * math.log(p[k] / wanted[k]) for k in p))
    assert found["class_entropy"] == pytest.approx(-sum(x * math.log(x) for x in p.values()))
    assert state.counts == dict.fromkeys(("test/classes", "test/class_kl", "test/class_entropy"), 400)
    assert [row["samples"] for row in state.tables["classes"]] == [30, 10, 0, 0]
    assert state.tables["classes"][3]["wanted"] == pytest.approx(0.5 / 100.5)
    assert CLASSES.finish(now()) == {}


def test_samples_in_the_shares_of_training_are_at_0_and_of_a_class_that_is_not_there_far():
    assert CLASSES.finish(now([0] * 6 + [1] * 2 + [2] * 2))["class_kl"] == pytest.approx(0, abs=0.006)  # half an image
    assert CLASSES.finish(now([3] * 10))["class_kl"] == pytest.approx(math.log(100.5 / 0.5))


def test_only_sets_with_classes_and_their_own_classifier_are_measured():
    assert (CLASSES.count(now()), CLASSES.count(now(stage="val"))) == (400, 200)
    attributes = DataSpec("x", "images", (1, 2, 2), {"train": 1}, "0", attributes=("a", "b"), levels=(2, 2))
    plain = DataSpec("x", "images", (1, 2, 2), {"train": 1}, "0")
    assert [CLASSES.count(now(spec=spec)) for spec in (attributes, plain)] == [0, 0]
    for other in ("random", "inception"):
        assert Classes(1, [], other, 200, 400).count(now()) == 0


def test_a_classifier_that_errs_is_told():
    assert CLASSES.notes(now()) == ["classes, class_kl: by a classifier that is right on 95.00 % of the test images"]


def test_a_run_on_digits_measures_the_samples_of_its_fid(train):
    """In validation and test, with a table of ten classes."""
    run = train("model=gan", "data=digits", "metrics.extractor=auto", "trainer.max_epochs=1", "metrics.kid=null")
    summary = json.loads((run / "summary.json").read_text())
    assert {f"{split}/{name}" for split in ("val", "test") for name in CLASSES.names(now())} <= set(summary["metrics"])
    assert summary["counts"]["test/classes"] == 60
    rows = list(csv.DictReader((run / "tables" / "classes.csv").open()))
    assert len(rows) == 10
    assert sum(float(row["samples"]) for row in rows) == 60
