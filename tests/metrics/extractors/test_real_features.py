"""Features of real images: every image once, kept by what they depend on, wherever the extractor computes."""

import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.metrics.extractors.choose import random_features
from genlab.metrics.extractors.real_features import features_of, real_features

DEVICES = [n for n, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if there]


def test_every_image_of_the_split_is_there_in_order_and_kept(composed, tmp_path):
    prepared, extractor = prepare(composed("data=digits")), random_features((1, 8, 8))
    features = real_features(prepared, "test", extractor, tmp_path)
    alone = extractor(torch.from_numpy(prepared.images["test"][:]).float() / 255)
    torch.testing.assert_close(features, alone)
    assert features.shape == (180, extractor.num_features)
    assert torch.equal(features, real_features(prepared, "test", extractor, tmp_path))
    assert len(list((tmp_path / "features").glob("*.pt"))) == 1


def test_another_split_or_extractor_is_another_file(composed, tmp_path):
    prepared, extractor = prepare(composed("data=digits")), random_features((1, 8, 8))
    first = real_features(prepared, "test", extractor, tmp_path)
    assert not torch.equal(first, real_features(prepared, "val", extractor, tmp_path))
    with torch.no_grad():
        extractor.net.classifier.body[0].weight.mul_(2)
    other = type(extractor)("random", extractor.net, extractor.num_features)
    assert not torch.equal(first, real_features(prepared, "test", other, tmp_path))
    assert len(list((tmp_path / "features").glob("*.pt"))) == 3


@pytest.mark.parametrize("device", DEVICES)
def test_an_extractor_on_a_device_gives_features_on_the_cpu(composed, device):
    images = prepare(composed("data=digits")).images["test"]
    there, here = random_features((1, 8, 8)).to(device), random_features((1, 8, 8))
    torch.testing.assert_close(features_of(images, there), features_of(images, here), rtol=1e-3, atol=1e-4)
