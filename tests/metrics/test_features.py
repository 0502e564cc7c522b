"""Extractors: which one is chosen, what it sees, and that its name and digest say so."""

import torch

from genlab.apps.preparing import prepare
from genlab.metrics.features import choose, random_features


def test_a_set_with_labels_is_measured_by_its_own_classifier(composed, cache):
    extractor = choose(prepare(composed("data=digits")), cache)
    assert extractor.name == "classifier"
    assert extractor.accuracy > 0.95
    assert choose(prepare(composed("data=digits")), cache).digest == extractor.digest


def test_a_set_without_labels_is_measured_by_a_network_whose_name_says_so(composed, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    prepared = prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16"))
    extractor = choose(prepared, tmp_path)
    assert (extractor.name, extractor.accuracy) == ("random", None)
    assert extractor.digest == random_features(prepared.spec.shape).digest


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


def test_nothing_in_an_extractor_can_be_trained():
    extractor = random_features((1, 8, 8)).train()
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not extractor(torch.rand(2, 1, 8, 8, requires_grad=True)).requires_grad
