"""Features of real images: every image once, kept by what they depend on, wherever the extractor computes."""

import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.metrics.extractors import kept
from genlab.metrics.extractors import real_features as reals
from genlab.metrics.extractors.real_features import RealFeatures, features_of
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.moments import Moments

DEVICES = [n for n, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if there]


def test_every_image_of_the_split_is_there_in_order_and_kept(composed, tmp_path):
    prepared, extractor = prepare(composed("data=digits")), random_features((1, 8, 8))
    features = RealFeatures(prepared, "test", extractor, tmp_path).features
    alone = extractor(torch.from_numpy(prepared.images["test"][:]).float() / 255)
    torch.testing.assert_close(features, alone)
    assert features.shape == (180, extractor.num_features)
    assert torch.equal(features, RealFeatures(prepared, "test", extractor, tmp_path).features)
    assert len(list((tmp_path / "features").glob("*.pt"))) == 1


def test_another_split_or_extractor_is_another_file(composed, tmp_path):
    prepared, extractor = prepare(composed("data=digits")), random_features((1, 8, 8))
    first = RealFeatures(prepared, "test", extractor, tmp_path).features
    assert not torch.equal(first, RealFeatures(prepared, "val", extractor, tmp_path).features)
    with torch.no_grad():
        extractor.net.classifier.body[0].weight.mul_(2)
    other = type(extractor)("random", extractor.net, extractor.num_features)
    assert not torch.equal(first, RealFeatures(prepared, "test", other, tmp_path).features)
    assert len(list((tmp_path / "features").glob("*.pt"))) == 3


def test_a_kill_costs_one_batch(composed, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    monkeypatch.setattr(reals, "CHUNK_BYTES", 4 * 64 * 50)  # batches of 50
    prepared, extractor = prepare(composed("data=digits")), random_features((1, 8, 8))
    whole, net, seen = features_of(prepared.images["test"], extractor), extractor.net.forward, []

    def until_killed(x):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(len(x))
        return net(x)

    monkeypatch.setattr(extractor.net, "forward", until_killed)
    with pytest.raises(KeyboardInterrupt):
        RealFeatures(prepared, "test", extractor, tmp_path).ensure()
    assert not list((tmp_path / "features").glob("*.pt"))
    again = []
    monkeypatch.setattr(extractor.net, "forward", lambda x: (again.append(len(x)), net(x))[1])
    features = RealFeatures(prepared, "test", extractor, tmp_path).features
    assert (seen, again) == ([50, 50], [50, 30])
    assert torch.equal(features, whole)
    assert [path.suffix for path in (tmp_path / "features").iterdir() if path.is_dir()] == []


def test_images_that_do_not_train_have_the_same_features_whatever_the_limit(composed, tmp_path):
    extractor = random_features((1, 8, 8))
    for limit in (100, 50):
        RealFeatures(prepare(composed("data=digits", f"data.limit={limit}")), "test", extractor, tmp_path).ensure()
    assert len(list((tmp_path / "features").glob("*.pt"))) == 1


@pytest.mark.parametrize("device", DEVICES)
def test_an_extractor_on_a_device_gives_features_on_the_cpu(composed, device):
    images = prepare(composed("data=digits")).images["test"]
    there, here = random_features((1, 8, 8)).to(device), random_features((1, 8, 8))
    torch.testing.assert_close(features_of(images, there), features_of(images, here), rtol=1e-3, atol=1e-4)


def test_moments_are_kept_with_the_root_of_their_covariance(composed, tmp_path, monkeypatch):
    prepared, extractor, cpu = prepare(composed("data=digits")), random_features((1, 8, 8)), torch.device("cpu")
    first = RealFeatures(prepared, "test", extractor, tmp_path)
    moments, alone = first.moments(cpu), Moments.of(first.features)
    monkeypatch.setattr(torch.linalg, "eigh", lambda _: pytest.fail("worked out again"))
    monkeypatch.setattr(RealFeatures, "features", None)  # nor are the features read
    again = RealFeatures(prepared, "test", extractor, tmp_path).moments(cpu)
    assert torch.equal(again.root, moments.root)
    assert torch.equal(again.covariance, alone.covariance)
    torch.testing.assert_close(again.root @ again.root, alone.covariance)
