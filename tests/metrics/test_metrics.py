"""Known answers: closed forms, symmetries, and the numbers of independent implementations."""

import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.image.fid import FrechetInceptionDistance

from genlab.apps.preparing import prepare
from genlab.callbacks.measure import moments
from genlab.metrics.features import choose, random_features
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.kid import kernel_distance, mmd2
from genlab.metrics.reals import real_features
from genlab.metrics.reconstruction import mse, psnr, ssim


def cloud(n, d, seed, shift=0.0, scale=1.0):
    stream = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(n, d, generator=stream, dtype=torch.float64)


def test_a_set_is_at_distance_zero_from_itself():
    x = moments(cloud(500, 8, 0))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_gaussians_with_commuting_covariances_have_a_closed_form():
    a, b = moments(cloud(400, 5, 0)), moments(cloud(400, 5, 0, shift=2.0, scale=3.0))
    # the same draws scaled: mean moves by a known step, covariance is 9 times the other
    step = (b.mean - a.mean).square().sum()
    trace = a.covariance.trace()
    assert frechet_distance(a, b) == pytest.approx(float(step + trace * (1 + 9 - 2 * 3)), rel=1e-9)


def test_distance_is_symmetric_and_blind_to_rotation():
    x, y = cloud(300, 6, 0), cloud(300, 6, 1, shift=0.5)
    rotation = torch.linalg.qr(cloud(6, 6, 2))[0]
    distance = frechet_distance(moments(x), moments(y))
    assert frechet_distance(moments(y), moments(x)) == pytest.approx(distance, rel=1e-9)
    assert frechet_distance(moments(x @ rotation), moments(y @ rotation)) == pytest.approx(distance, rel=1e-9)


def test_fewer_images_than_features_stay_finite():
    assert 0 < frechet_distance(moments(cloud(10, 40, 0)), moments(cloud(12, 40, 1))) < 1e3


def test_fid_is_that_of_torchmetrics_with_the_same_extractor():
    extractor = random_features((1, 16, 16))
    real, fake = torch.rand(80, 1, 16, 16), torch.rand(90, 1, 16, 16) ** 2
    theirs = FrechetInceptionDistance(feature=extractor, normalize=True)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    ours = frechet_distance(moments(extractor(real)), moments(extractor(fake)))
    assert ours == pytest.approx(theirs.compute().item(), rel=1e-3)


def test_mmd_is_unbiased_around_zero_and_the_sum_of_its_definition():
    x, y = cloud(30, 4, 0), cloud(20, 4, 1)

    def kernel(a, b):
        return (float(a @ b) / 4 + 1) ** 3

    xx = sum(kernel(x[i], x[j]) for i in range(30) for j in range(30) if i != j) / (30 * 29)
    yy = sum(kernel(y[i], y[j]) for i in range(20) for j in range(20) if i != j) / (20 * 19)
    xy = sum(kernel(a, b) for a in x for b in y) / 600
    assert float(mmd2(x, y)) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)
    same = [float(mmd2(cloud(60, 4, s), cloud(60, 4, s + 1000))) for s in range(200)]
    spread = torch.tensor(same).std() / 200**0.5
    assert abs(sum(same) / 200) < 4 * spread


def test_kid_draws_nothing_from_the_global_random_state():
    state = torch.get_rng_state()
    first = kernel_distance(cloud(50, 4, 0), cloud(50, 4, 1))
    assert first == kernel_distance(cloud(50, 4, 0), cloud(50, 4, 1))
    assert torch.equal(state, torch.get_rng_state())


def test_reconstruction_metrics_have_their_textbook_values():
    x = torch.rand(5, 3, 16, 16)
    y = (x + 0.1).clamp(0, 1)
    assert torch.allclose(mse(x, y), (x - y).pow(2).mean((1, 2, 3)))
    assert torch.allclose(psnr(torch.zeros_like(x), torch.full_like(x, 0.1)), torch.tensor(20.0))
    assert psnr(x, x).tolist() == pytest.approx([100] * 5)
    assert ssim(x, x).tolist() == pytest.approx([1] * 5)
    theirs = structural_similarity_index_measure(x, y, data_range=1.0, reduction="none")
    assert torch.allclose(ssim(x, y), theirs)


@pytest.mark.parametrize("side", [5, 8, 10, 11, 28])
def test_ssim_is_finite_for_small_images(side):
    x, y = torch.rand(2, 3, 1, side, side)
    assert ssim(x, y).isfinite().all()
    assert ssim(x, x).tolist() == pytest.approx([1] * 3, abs=1e-5)


def test_the_classifier_knows_its_digits_is_kept_and_leaves_the_random_state_alone(composed, tmp_path):
    prepared = prepare(composed("data=digits"))
    state = torch.get_rng_state()
    extractor = choose(prepared, tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    assert extractor.name == "classifier"
    assert extractor.accuracy > 0.95
    assert choose(prepared, tmp_path).digest == extractor.digest
    assert len(list((tmp_path / "features").glob("*.pt"))) == 1
    features = real_features(prepared, "test", extractor, tmp_path)
    assert features.shape == (180, extractor.num_features)
    assert torch.equal(features, real_features(prepared, "test", extractor, tmp_path))
    x = torch.from_numpy(prepared.images["test"][:4]).float() / 255
    assert torch.allclose(extractor(x), features[:4], atol=1e-5)


def test_a_set_without_labels_is_measured_by_a_network_whose_name_says_so(composed, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    prepared = prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16"))
    extractor = choose(prepared, tmp_path)
    assert (extractor.name, extractor.accuracy) == ("random", None)
    assert extractor.digest == random_features(prepared.spec.shape).digest
