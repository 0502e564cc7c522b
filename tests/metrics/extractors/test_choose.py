"""Extractors: which one is chosen, what it sees, and that its name and digest say so."""

import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.contracts import ConfigError
from genlab.metrics.extractors.choose import choose, make_extractor
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.extractors.weights import PUBLISHED, Stated

PLAIN = "antialiased"


@pytest.fixture
def labelled(composed):
    return prepare(composed("data=digits"))


@pytest.fixture
def unlabelled(composed, pictures):
    return prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16"))


def chosen(choice, prepared, folder):
    return make_extractor(choose(choice, PLAIN, prepared.spec, {}), prepared, folder)


def test_a_set_with_labels_is_measured_by_its_own_classifier_or_by_another_that_is_asked_for(labelled, cache):
    extractor = chosen("auto", labelled, cache)
    assert extractor.name == "classifier"
    assert extractor.accuracy > 0.95
    assert chosen("classifier", labelled, cache).digest == extractor.digest
    assert chosen("random", labelled, cache).name == "random"


def test_a_classifiers_logits_are_its_own_and_a_random_network_has_none(labelled, cache):
    extractor, x = chosen("classifier", labelled, cache), torch.rand(3, 1, 8, 8).mul(255).round() / 255
    torch.testing.assert_close(extractor.logits(extractor(x)), extractor.net.classifier(x))
    other = chosen("random", labelled, cache)
    assert other.logits(other(x)) is None


def test_a_set_without_labels_is_measured_by_a_network_whose_name_says_so(unlabelled, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    extractor = chosen("auto", unlabelled, tmp_path)
    assert (extractor.name, extractor.accuracy) == ("random", None)
    assert extractor.digest == random_features(unlabelled.spec.shape).digest


def test_inception_is_taken_where_its_weights_are_at_hand_and_else_refused_with_their_place(
    labelled, unlabelled, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights = tmp_path / "hub" / "checkpoints" / PUBLISHED["inception"].file
    with pytest.raises(ConfigError, match=f"there is no {weights}\n.*metrics.extractor=auto"):
        choose("inception", PLAIN, labelled.spec, {})
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    for choice, prepared in (("inception", labelled), ("auto", unlabelled)):
        assert choose(choice, PLAIN, prepared.spec, {}).name == "inception"
    assert choose("auto", PLAIN, labelled.spec, {}).name == "classifier"


def test_a_rule_for_resizing_belongs_to_inception_alone(labelled, tmp_path):
    file = tmp_path / "inception.pth"
    file.touch()
    stated = {"inception": Stated(str(file))}
    assert choose("inception", "clean", labelled.spec, stated).key == "inception_clean"
    with pytest.raises(
        ConfigError, match=r"resize=tf: is a rule of Inception, .* with classifier\n.*metrics.resize=antialiased"
    ):
        choose("auto", "tf", labelled.spec, stated)


def test_the_name_of_other_weights_has_their_digest(labelled, tmp_path):
    file = tmp_path / "mine.pth"
    file.touch()
    for sha256, name in (("AB12cd34" * 8, "inception_ab12cd34"), (PUBLISHED["inception"].sha256, "inception")):
        assert choose("inception", PLAIN, labelled.spec, {"inception": Stated(str(file), sha256)}).name == name


def test_an_untrained_network_is_the_same_for_everyone_and_draws_nothing():
    state = torch.get_rng_state()
    first = random_features((1, 8, 8))
    torch.rand(5)
    assert random_features((1, 8, 8)).digest == first.digest
    torch.set_rng_state(state)
    random_features((1, 8, 8))
    assert torch.equal(state, torch.get_rng_state())


def test_what_a_file_could_not_hold_is_not_seen():
    extractor = random_features((1, 8, 8))
    levels = torch.randint(1, 255, (6, 1, 8, 8)) / 255
    assert torch.equal(extractor(levels), extractor(levels + 0.4 / 255))
    assert torch.equal(extractor(levels), extractor(levels.double()))
    assert not torch.equal(extractor(levels), extractor(levels + 0.6 / 255))


def test_a_rule_for_resizing_makes_another_extractor():
    net = random_features((1, 8, 8)).net
    keys = {rule: Extractor("inception", net, 128, resize=rule) for rule in ("antialiased", "tf", "clean")}
    assert [one.key for one in keys.values()] == ["inception", "inception_tf", "inception_clean"]
    assert len({one.digest for one in keys.values()}) == 3


def test_nothing_in_an_extractor_can_be_trained():
    extractor = random_features((1, 8, 8)).train()
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not extractor(torch.rand(2, 1, 8, 8, requires_grad=True)).requires_grad
