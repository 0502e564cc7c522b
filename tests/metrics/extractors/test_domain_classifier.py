"""The classifier of two domains: tells them apart, made once, no trace in the random state; who is looked at by what."""

import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.contracts import ConfigError
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors import lessons
from genlab.metrics.extractors.choose import choose, make_extractor
from genlab.metrics.extractors.classifier import cached_classifier, scale, train_classifier
from genlab.metrics.extractors.lessons import Lesson, input_size
from genlab.metrics.extractors.real_features import RealFeatures

from keeping import assert_made_once
from photographs import CUT, SMALL


@pytest.fixture
def prepared(composed, folders):
    """A temple in A, a flower in B."""
    return lambda *more: prepare(
        composed("model=cyclegan", "data=unpaired_folders", f"data.path={folders['unpaired_folders']}", *more)
    )


def test_it_tells_the_domains_is_kept_and_leaves_the_random_state_alone(prepared, tmp_path):
    data = prepared(*CUT)
    assert_made_once(lambda folder: cached_classifier(Lesson(data), folder), tmp_path, least=0.85)


def test_its_features_and_its_verdict_come_from_one_look(prepared, cache, tmp_path):
    data = prepared(*CUT)
    extractor = make_extractor(choose("classifier", "antialiased", data.spec, {}), data, cache)
    assert extractor.name == "classifier"
    taken_for_b = {
        side: extractor.share_of(1, RealFeatures(data, "train", extractor, tmp_path, side).features) for side in "ab"
    }
    assert taken_for_b["a"] < 0.1
    assert taken_for_b["b"] > 0.9
    x = torch.from_numpy(np.array(data.columns["test"]["b"])).float() / 255
    assert extractor.share_of(1, extractor(x)) == extractor.net.classifier(x).argmax(1).double().mean().item()


def test_features_have_a_mean_square_of_one_and_the_verdicts_stay(prepared, monkeypatch):
    monkeypatch.setitem(lessons.DOMAINS, "epochs", 0)
    monkeypatch.setitem(lessons.DOMAINS, "least_steps", 2)
    lesson = Lesson(prepared(*CUT))
    net = train_classifier(lesson)
    x = torch.cat([x for x, _ in lesson.examples("train")])
    before = net(x)
    scale(net, lesson)
    torch.testing.assert_close(net(x), before)
    assert net.features(x).square().mean().item() == pytest.approx(1, rel=1e-4)


def test_it_is_trained_alike_each_time_and_on_as_many_images_of_either_domain(prepared, monkeypatch):
    monkeypatch.setitem(lessons.DOMAINS, "epochs", 0)
    monkeypatch.setitem(lessons.DOMAINS, "least_steps", 3)
    data = prepared(*CUT)
    train = {**data.columns["train"], "b": data.columns["train"]["b"][:3]}
    lesson = Lesson(PreparedData(data.spec, {**data.columns, "train": train}, data.augmentation))
    one, other = train_classifier(lesson), train_classifier(lesson)
    assert all(torch.equal(x, y) for x, y in zip(one.parameters(), other.parameters(), strict=True))
    assert all(right.flatten().bincount().tolist() == [16, 16] for _, right in lesson.batches())
    assert {*lesson.order("b").flatten().tolist()} == {0, 1, 2}


def test_images_of_many_sizes_are_looked_at_one_by_one(prepared, monkeypatch, tmp_path):
    monkeypatch.setitem(lessons.DOMAINS, "epochs", 0)
    monkeypatch.setitem(lessons.DOMAINS, "least_steps", 2)
    data = prepared("data.preprocess=none", "data.batch_size=1")
    extractor = make_extractor(choose("classifier", "antialiased", data.spec, {}), data, tmp_path)
    assert 0 <= extractor.accuracy <= 1
    assert RealFeatures(data, "val", extractor, tmp_path, "a").features.shape == (5, extractor.num_features)
    assert extractor(torch.rand(2, 3, 50, 90)).shape == (2, extractor.num_features)


def test_large_images_are_shrunk_in_proportion():
    assert input_size((3, 256, 512)) == (128, 256)
    assert input_size((3, 64, 64)) == (64, 64)


def test_pairs_are_looked_at_by_inception_or_else_by_a_random_network(composed, folders, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    chosen = ["model=pix2pix", *SMALL["pix2pix"], "data=paired_folders", f"data.path={folders['paired_folders']}"]
    pairs = prepare(composed(*chosen, *CUT))
    assert choose("auto", "antialiased", pairs.spec, {}).name == "random"
    with pytest.raises(ConfigError, match="neither labels nor two domains for a classifier to learn"):
        choose("classifier", "antialiased", pairs.spec, {})
