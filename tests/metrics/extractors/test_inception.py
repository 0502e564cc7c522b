"""Inception: the features, logits and FIDs of torch-fidelity and torchmetrics, from the same file of weights."""

import numpy as np
import pytest
import torch

from genlab.contracts import DataError
from genlab.files import sha256
from genlab.metrics.extractors.inception import AT_ONCE, Inception, inception
from genlab.metrics.extractors.weights import Stated, weights_of
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.moments import Moments

from weights_files import inception_file


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    return inception_file(tmp_path_factory.mktemp("weights") / "inception.pth")


@pytest.fixture(scope="module")
def made(stated):
    return {rule: inception(weights_of("inception", stated), rule) for rule in ("antialiased", "tf", "clean")}


def theirs(stated, *layers, antialias=None):
    """torch-fidelity's extractor, or torchmetrics'."""
    if antialias is not None:
        from torchmetrics.image.fid import NoTrainInceptionV3

        return NoTrainInceptionV3("inception", [*layers], stated.path, antialias)
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    return FeatureExtractorInceptionV3("inception", [*layers], feature_extractor_weights_path=stated.path)


def pictures(count, height=64, width=48):
    """Coloured blocks under some noise, each with a contrast of its own. [count, 3, height, width] uint8."""
    draw = torch.Generator().manual_seed(count)
    blocks = torch.rand(count, 3, 4, 4, generator=draw) * torch.rand(count, 1, 1, 1, generator=draw)
    noise = torch.rand(count, 3, height, width, generator=draw)
    return (torch.nn.functional.interpolate(blocks, (height, width)) * 200 + noise * 50).byte()


def assert_near(ours, other):
    """To a hundred-thousandth of the size of the features."""
    assert (ours - other).norm(dim=1).max() < 1e-5 * other.norm(dim=1).min()


def test_by_the_rule_tf_features_and_logits_are_torch_fidelitys(stated, made):
    x = pictures(3)
    features, logits = theirs(stated, "2048", "logits_unbiased")(x)
    ours = made["tf"](x / 255)
    assert features.std(0).norm() > 1e-3 * features.norm(dim=1).max(), (
        "features that do not depend on the image prove nothing"
    )
    assert_near(ours, features)
    assert_near(made["tf"].logits(ours), logits)


def test_antialiased_features_are_torchmetrics_which_the_other_rules_are_not(stated, made):
    x = pictures(2, 400, 320)
    (features,) = theirs(stated, "2048", antialias=True)._torch_fidelity_forward(x)
    assert_near(made["antialiased"](x / 255), features)
    for other in ("tf", "clean"):
        assert (made[other](x / 255) - features).norm() > 1e-3 * features.norm()


def test_clean_features_are_those_of_clean_fids_arrays(stated, made):
    resize = pytest.importorskip("cleanfid.resize").build_resizer("clean")
    x = pictures(2, 400, 320)
    arrays = np.stack([resize(image) for image in x.permute(0, 2, 3, 1).numpy()])
    net = theirs(stated, "2048")
    levels = torch.from_numpy(arrays).permute(0, 3, 1, 2)
    trunk = torch.nn.Sequential(*[layer for name, layer in net.named_children() if name != "fc"])
    assert_near(made["clean"](x / 255), trunk((levels - 128) / 128).flatten(1))


def test_grey_images_are_three_equal_channels_and_batches_change_nothing(made, monkeypatch):
    grey, net = pictures(3)[:, :1] / 255, made["antialiased"]
    whole = net(grey)
    monkeypatch.setitem(AT_ONCE, "cpu", 2)
    assert_near(whole, net(grey.expand(-1, 3, -1, -1)))


def test_it_is_given_the_bytes_of_a_file():
    """By rounding, clipped; in three channels."""
    net = Inception(torch.nn.Identity(), "tf")
    net.resize = lambda x, side: x
    levels = torch.arange(256).reshape(1, 1, 16, 16)
    for off in (0.0, -0.4, 0.4):
        seen = net((levels + off) / 255) * 128 + 128
        assert torch.equal(seen, levels.repeat(1, 3, 1, 1).flatten(1).float())


def test_features_are_float32_under_autocast(made):
    x = pictures(1) / 255
    with torch.autocast("cpu", torch.bfloat16):
        seen = made["antialiased"](x)
    assert seen.dtype == torch.float32
    assert torch.equal(seen, made["antialiased"](x))


def test_each_rule_has_a_suffix_and_a_digest_of_its_own_and_the_name_does_not_claim_the_published_weights(made, stated):
    assert [one.suffix for one in made.values()] == ["", "_tf", "_clean"]
    assert len({one.digest for one in made.values()}) == 3
    assert {one.name for one in made.values()} == {f"inception_{stated.sha256[:8]}"}


def test_a_file_of_another_layout_is_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"fc.weight": torch.zeros(1008, 2048), "layer1.weight": torch.zeros(3)}, path)
    with pytest.raises(
        DataError, match=r"other.pth are no weights of inception: .*Missing key.*The file that fits: https"
    ):
        inception(weights_of("inception", Stated(str(path), sha256(path))), "tf")


@pytest.mark.inception
def test_fids_are_those_of_torch_fidelity_and_torchmetrics(stated, made):
    """To 1e-4: of 12 images against 10."""
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, fake = pictures(12), (pictures(10).float() * 0.8).byte()
    (a,), (b,) = (theirs(stated, "2048")(x) for x in (real, fake))
    known = fid_statistics_to_metric(*(fid_features_to_statistics(x) for x in (a, b)), False)
    ours = frechet_distance(*(Moments.of(made["tf"](x / 255)) for x in (real, fake)))
    assert ours == pytest.approx(known["frechet_inception_distance"], rel=1e-4)
    metric = FrechetInceptionDistance(feature_extractor_weights_path=stated.path, antialias=True)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    ours = frechet_distance(*(Moments.of(made["antialiased"](x / 255)) for x in (real, fake)))
    assert ours == pytest.approx(metric.compute().item(), rel=1e-4)
