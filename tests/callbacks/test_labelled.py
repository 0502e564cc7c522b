"""Whether samples are of the class that was asked for, and whether codes tell it, on models whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.callbacks.evaluators import labelled
from genlab.callbacks.evaluators.labelled import LabelAccuracy, LabelLeak, codes_of
from genlab.callbacks.samples import labels_for
from genlab.callbacks.translations import SAMPLED
from genlab.contracts import Code, DataSpec
from genlab.data.store.source import PreparedData
from genlab.metrics.probe import probe_accuracy
from genlab.models.base.totals import Totals

K = 4
IMAGES = np.random.default_rng(0).integers(0, 256, (400, 1, 2, 2), dtype=np.uint8)
LABELS = np.arange(400) % K
SPEC = DataSpec(
    "x", "images", (1, 2, 2), {"train": 400, "val": 400, "test": 400}, "0", classes=K, class_names=tuple("abcd")
)
SET = PreparedData(SPEC, {split: {"image": IMAGES, "label": LABELS} for split in ("train", "val", "test")})


class Told:
    """Samples of its label but for every tenth; codes with the label in a coordinate, or of the image alone."""

    needs, device, weight_dtype = ("classes",), torch.device("cpu"), torch.float32

    def __init__(self, tells=True):
        self.tells = tells

    def encode(self, x, *, label=None):
        noise = x.flatten(1)
        return Code(torch.cat([noise, torch.nn.functional.one_hot(label, K).float()], 1) if self.tells else noise)


def now(model, stage="test", made=None):
    logits = SimpleNamespace(logits=lambda features: features)
    return SimpleNamespace(
        **{"model": model, "prepared": SET, "split": stage, "stage": stage, "counts": {}, "totals": Totals()},
        limited=lambda val, test: {"val": val, "test": test}[stage],
        extractor=lambda choice: logits,
        generated=SimpleNamespace(of=lambda extractor, count: {} if made is None else {SAMPLED: made}),
    )


ACCURACY, LEAK = LabelAccuracy(1, [], 0, 200), LabelLeak(1, [], 300)


def test_the_share_of_samples_of_the_class_that_was_asked_for():
    asked = labels_for(Told(), SET, 200)
    shown = torch.where(torch.arange(200) % 10 == 0, (asked + 1) % K, asked)
    state = now(Told(), made=torch.nn.functional.one_hot(shown, K).float())
    assert ACCURACY.finish(state) == {"label_accuracy": pytest.approx(0.9)}
    assert state.counts == {"test/label_accuracy": 200}
    assert ACCURACY.finish(now(Told())) == {}  # a rank without the samples


def test_models_without_labels_are_not_measured():
    plain = SimpleNamespace(needs=())
    assert ACCURACY.count(now(plain)) == LEAK.count(now(plain)) == 0
    assert ACCURACY.count(now(Told())) == 200
    assert (LEAK.count(now(Told())), LEAK.count(now(Told(), "val"))) == (400, 0)


def test_codes_that_tell_the_class_leak_it_and_others_are_near_chance():
    assert LEAK.finish(now(Told()))["label_leak"] == 1.0
    assert LEAK.finish(now(Told(tells=False)))["label_leak"] < 0.4


def test_of_a_code_with_a_part_for_the_class_the_style_alone_is_looked_at():
    class Parted(Told):
        def style(self, x):
            return x.flatten(1)

    assert LEAK.finish(now(Parted()))["label_leak"] < 0.4  # its encode tells every class


def test_every_image_gets_its_own_label_and_training_images_are_chosen_once():
    codes, labels = codes_of(Told(), SET, "train", 300)
    assert codes.shape == (300, 8)
    assert torch.equal(codes[:, 4:].argmax(1), labels)
    images = (codes[:, :4] * 255).round().numpy().astype(np.uint8)
    assert len({bytes(row) for row in images} & {bytes(row) for row in IMAGES.reshape(400, 4)}) > 250
    assert len(codes_of(Told(), SET, "test", 400)[0]) == 400


def test_a_probe_is_fitted_to_the_first_codes_and_tested_on_the_others():
    codes = torch.randn(400, 3)
    labels = (codes[:, 0] > 0).long()
    assert probe_accuracy(codes, labels, codes, labels) > 0.98
    assert probe_accuracy(codes, labels, codes, 1 - labels) < 0.02
    assert probe_accuracy(1e4 * codes + 7, labels, 1e4 * codes + 7, labels) > 0.98


def test_the_probe_never_sees_the_split_that_is_measured(monkeypatch):
    asked = []

    def noted(model, prepared, split, most):
        asked.append(split)
        return codes_of(model, prepared, split, most)

    monkeypatch.setattr(labelled, "codes_of", noted)
    LEAK.finish(now(Told()))
    assert asked == ["train", "test"]
