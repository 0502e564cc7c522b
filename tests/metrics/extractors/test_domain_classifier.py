"""The classifier of two domains: tells them apart, made once, no trace in the random state; who is looked at by what."""

import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.data.store.source import Prepared
from genlab.metrics.extractors import domain_classifier
from genlab.metrics.extractors.choose import choose
from genlab.metrics.extractors.domain_classifier import cached_domain_classifier, looked_at, scaled, trained, whole
from genlab.metrics.extractors.real_features import real_features

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
    assert_made_once(lambda folder: cached_domain_classifier(data, folder), tmp_path, least=0.85)


def test_its_features_and_its_verdict_come_from_one_look(prepared, cache, tmp_path):
    data = prepared(*CUT)
    extractor = choose(data, cache)
    assert extractor.name == "classifier"
    taken_for_b = {
        side: extractor.share_of(1, real_features(data, "train", extractor, tmp_path, side)) for side in "ab"
    }
    assert taken_for_b["a"] < 0.1
    assert taken_for_b["b"] > 0.9
    x = torch.from_numpy(np.array(data.columns["test"]["b"])).float() / 255
    assert extractor.share_of(1, extractor(x)) == extractor.net.classifier(x).argmax(1).double().mean().item()


def test_features_have_a_mean_square_of_one_and_the_verdicts_stay(prepared, monkeypatch):
    monkeypatch.setitem(domain_classifier.RECIPE, "passes", 0)
    monkeypatch.setitem(domain_classifier.RECIPE, "least_steps", 2)
    data = prepared(*CUT)
    net = trained(data)
    x = torch.cat([x for side in "ab" for x in whole(data, "train", side)])
    before = net(x)
    torch.testing.assert_close(scaled(net, data)(x), before)
    assert net.features(x).square().mean().item() == pytest.approx(1, rel=1e-4)


def test_it_is_trained_alike_each_time_and_on_as_many_images_of_either_domain(prepared, monkeypatch):
    monkeypatch.setitem(domain_classifier.RECIPE, "passes", 0)
    monkeypatch.setitem(domain_classifier.RECIPE, "least_steps", 3)
    data, seen = prepared(*CUT), []
    train = {**data.columns["train"], "b": data.columns["train"]["b"][:3]}
    uneven = Prepared(data.spec, {**data.columns, "train": train}, data.augmentation)
    batch_of = domain_classifier.batch_of
    monkeypatch.setattr(
        domain_classifier, "batch_of", lambda p, rows, step: seen.append(rows) or batch_of(p, rows, step)
    )
    one, other = trained(uneven), trained(uneven)
    assert all(torch.equal(x, y) for x, y in zip(one.parameters(), other.parameters(), strict=True))
    assert all(len(a) == len(b) == 16 and set(b.tolist()) == {0, 1, 2} for a, b in seen)


def test_images_of_many_sizes_are_looked_at_one_by_one(prepared, monkeypatch, tmp_path):
    monkeypatch.setitem(domain_classifier.RECIPE, "passes", 0)
    monkeypatch.setitem(domain_classifier.RECIPE, "least_steps", 2)
    data = prepared("data.preprocess=none", "data.batch_size=1")
    extractor = choose(data, tmp_path)
    assert 0 <= extractor.accuracy <= 1
    assert real_features(data, "val", extractor, tmp_path, "a").shape == (5, extractor.num_features)
    assert extractor(torch.rand(2, 3, 50, 90)).shape == (2, extractor.num_features)


def test_large_images_are_shrunk_in_proportion():
    assert looked_at((3, 256, 512)) == (128, 256)
    assert looked_at((3, 64, 64)) == (64, 64)


def test_pairs_are_looked_at_by_inception_or_else_by_a_random_network_and_points_by_none(
    composed, folders, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    chosen = ["model=pix2pix", *SMALL["pix2pix"], "data=paired_folders", f"data.path={folders['paired_folders']}"]
    pairs = prepare(composed(*chosen, *CUT))
    assert choose(pairs, tmp_path).name == "random"
    assert choose(prepare(composed("model=gan", "data=toy2d", "data.count=100")), tmp_path) is None
