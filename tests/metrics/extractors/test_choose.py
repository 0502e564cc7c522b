"""Extractors: which one is chosen, what it sees, and that its name and digest say so."""

import pytest
import torch
from torch import nn

from genlab.apps.command.paths import prepare
from genlab.contracts import ConfigError
from genlab.files import sha256
from genlab.metrics.extractors.choose import (
    INCEPTION,
    Extractor,
    Inception,
    extractor_name,
    make_extractor,
    random_features,
)


def chosen(choice, prepared, folder):
    return make_extractor(extractor_name(choice, prepared.spec), prepared, folder)


def test_a_set_with_labels_is_measured_by_its_own_classifier_or_by_another_that_is_asked_for(composed, cache):
    prepared = prepare(composed("data=digits"))
    extractor = chosen("auto", prepared, cache)
    assert extractor.name == "classifier"
    assert extractor.accuracy > 0.95
    assert chosen("classifier", prepared, cache).digest == extractor.digest
    assert chosen("random", prepared, cache).name == "random"


def test_a_set_without_labels_is_measured_by_a_network_whose_name_says_so(composed, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    prepared = prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16"))
    extractor = chosen("auto", prepared, tmp_path)
    assert (extractor.name, extractor.accuracy) == ("random", None)
    assert extractor.digest == random_features(prepared.spec.shape).digest


def test_inception_is_taken_where_its_weights_are_at_hand_and_else_refused_with_their_place(
    composed, pictures, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    labelled = prepare(composed("data=digits")).spec
    plain = prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16")).spec
    weights = tmp_path / "hub" / "checkpoints" / INCEPTION
    with pytest.raises(ConfigError, match=f"there is no {weights}\n.*type: metrics.extractor=auto"):
        extractor_name("inception", labelled)
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    assert extractor_name("inception", labelled) == extractor_name("auto", plain) == "inception"
    assert extractor_name("auto", labelled) == "classifier"


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


class Bytes(nn.Module):
    """Stands where torch-fidelity's network would read 90 megabytes of weights: its features are what it is given."""

    def __init__(self, *_, **__):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        assert x.dtype == torch.uint8
        return (x.flatten(1),)


def test_inception_is_given_the_bytes_of_a_file_in_three_equal_channels(monkeypatch, tmp_path):
    weights = tmp_path / "weights"
    weights.write_bytes(b"none")
    monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3", Bytes)
    monkeypatch.setattr("genlab.metrics.extractors.choose.INCEPTION_SHA256", sha256(weights))
    inception, levels = Inception(weights), torch.arange(256).reshape(1, 1, 16, 16)
    for off in (0.0, -0.4, 0.4):
        for seen in (inception, Extractor("inception", inception, 768)):
            assert torch.equal(seen((levels + off) / 255), levels.repeat(1, 3, 1, 1).flatten(1).to(torch.uint8))
    colours = torch.randint(0, 256, (2, 3, 4, 4))
    assert torch.equal(inception(colours / 255), colours.flatten(1).to(torch.uint8))


def test_nothing_in_an_extractor_can_be_trained():
    extractor = random_features((1, 8, 8)).train()
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not extractor(torch.rand(2, 1, 8, 8, requires_grad=True)).requires_grad
