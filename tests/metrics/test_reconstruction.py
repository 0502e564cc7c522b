"""mse, psnr and ssim: their definitions written out, scikit-image's numbers, and numbers of scikit-image's kept here."""

import math

import numpy as np
import pytest
import torch

from genlab.metrics.reconstruction import mse, psnr, reconstruction_terms, restoration_terms, ssim

SHAPES = [(3, 32, 32), (1, 28, 28), (1, 11, 11), (3, 33, 47), (3, 12, 200), (1, 11, 64)]
SMALL = [(1, 10, 10), (3, 8, 8), (1, 7, 30), (3, 5, 5), (1, 2, 2), (1, 1, 1)]


def pairs(shape, low=0.0, high=1.0):
    """Images and versions of them with more and more noise, float64 [4, C, H, W] in [low, high]."""
    draw = np.random.default_rng(7)
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    scene = 0.5 + 0.4 * np.sin(rows / 3 + np.arange(shape[0])[:, None, None]) * np.cos(columns / 5)
    x = np.broadcast_to(scene, (4, *shape))
    y = (x + np.array([0.01, 0.05, 0.2, 0.8])[:, None, None, None] * draw.standard_normal((4, *shape))).clip(0, 1)
    return torch.from_numpy(low + (high - low) * x), torch.from_numpy(low + (high - low) * y)


def by_skimage(x, y, data_range):
    """PSNR and SSIM of each image: scikit-image's, with the window of the paper, or a uniform one that fits."""
    metrics = pytest.importorskip("skimage.metrics")
    side = min(x.shape[-2:])
    kind = {"gaussian_weights": True, "sigma": 1.5} if side >= 11 else {"win_size": side - 1 + side % 2}
    kind |= {"use_sample_covariance": False, "channel_axis": 0, "data_range": data_range}
    both = list(zip(x.numpy(), y.numpy(), strict=True))
    ratios = [metrics.peak_signal_noise_ratio(a, b, data_range=data_range) for a, b in both]
    return ratios, [metrics.structural_similarity(a, b, **kind) for a, b in both]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255)])
@pytest.mark.parametrize("shape", SHAPES + SMALL)
def test_psnr_and_ssim_are_those_of_scikit_image(shape, low, high):
    x, y = pairs(shape, low, high)
    ratios, similarities = by_skimage(x, y, high - low)
    assert psnr(x, y, data_range=high - low).tolist() == pytest.approx(ratios, rel=1e-12)
    assert ssim(x, y, data_range=high - low).tolist() == pytest.approx(similarities, abs=1e-9)


def test_bytes_are_compared_as_scikit_image_compares_them():
    x, y = (z.round().byte() for z in pairs((3, 40, 31), 0, 255))  # a difference of bytes would wrap around
    ratios, similarities = by_skimage(x, y, 255)
    assert psnr(x, y, data_range=255).tolist() == pytest.approx(ratios, rel=1e-12)
    assert ssim(x, y, data_range=255).tolist() == pytest.approx(similarities, abs=1e-9)


GOLDEN = {  # by shape and black: what scikit-image 0.26 gave
    (3, 33, 47): {
        0: ([40.0733771, 26.1450225, 14.4134516, 7.5887856], [0.99485536, 0.88852533, 0.35526937, 0.0599985]),
        -1: ([40.0733771, 26.1450225, 14.4134516, 7.5887856], [0.99232679, 0.85943585, 0.28442789, 0.02915254]),
    },
    (1, 28, 28): {
        0: ([40.4801439, 25.7642578, 14.594822, 7.5566575], [0.99555313, 0.87887538, 0.37399475, 0.05785284]),
        -1: ([40.4801439, 25.7642578, 14.594822, 7.5566575], [0.99342823, 0.83628045, 0.3142392, 0.02596143]),
    },
    (3, 8, 8): {
        0: ([41.0788442, 26.2528602, 15.0941208, 7.9036414], [0.99786553, 0.93596861, 0.55447107, 0.13132602]),
        -1: ([41.0788442, 26.2528602, 15.0941208, 7.9036414], [0.99747184, 0.93441916, 0.31195141, 0.04952992]),
    },
}


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255)])
@pytest.mark.parametrize("shape", GOLDEN)
def test_psnr_and_ssim_are_those_that_scikit_image_gave(shape, low, high):
    ratios, similarities = GOLDEN[shape][low]
    x, y = pairs(shape, low, high)
    assert psnr(x, y, data_range=high - low).tolist() == pytest.approx(ratios, abs=1e-6)
    assert ssim(x, y, data_range=high - low).tolist() == pytest.approx(similarities, abs=1e-6)


def test_metrics_have_their_textbook_values():
    x = torch.rand(5, 3, 16, 16)
    y = (x + 0.1).clamp(0, 1)
    assert torch.allclose(mse(x, y), (x - y).double().pow(2).mean((1, 2, 3)))
    assert psnr(torch.zeros_like(x), torch.full_like(x, 0.1)).tolist() == pytest.approx([20.0] * 5)
    assert psnr(torch.zeros_like(x), torch.full_like(x, 0.1), data_range=2).tolist() == pytest.approx(
        [20 + 10 * math.log10(4)] * 5
    )


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 8, 8), (1, 1, 1)])
def test_equal_images_are_100_db_and_a_similarity_of_1(shape):
    for x in (torch.rand(3, *shape), torch.full((3, *shape), 0.7), torch.zeros(3, *shape)):
        assert psnr(x, x).tolist() == [100.0] * 3
        assert ssim(x, x).tolist() == pytest.approx([1.0] * 3, abs=1e-12)


@pytest.mark.parametrize("side", [4, 11, 30])
def test_images_of_one_colour_are_compared_by_their_brightness(side):
    x, y = (torch.full((2, 1, side, side), grey, dtype=torch.float64) for grey in (0.9, 0.3))
    value = (2 * 0.9 * 0.3 + 1e-4) / (0.9**2 + 0.3**2 + 1e-4)  # no variance: the second factor is 1
    assert ssim(x, y).tolist() == pytest.approx([value] * 2, abs=1e-9)


def test_ssim_of_small_images_is_its_formula_over_windows_of_seven():
    x, y = torch.rand(2, 4, 1, 8, 8, dtype=torch.float64)
    windows = [z.unfold(2, 7, 1).unfold(3, 7, 1).flatten(4) for z in (x, y)]
    (mean_x, mean_y), (var_x, var_y) = zip(*((w.mean(4), w.var(4, correction=0)) for w in windows), strict=True)
    both = (windows[0] * windows[1]).mean(4) - mean_x * mean_y
    value = (2 * mean_x * mean_y + 1e-4) * (2 * both + 9e-4)
    value = value / ((mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4))
    torch.testing.assert_close(ssim(x, y), value.mean((1, 2, 3)), rtol=1e-9, atol=1e-9)


def test_float32_and_half_images_lose_nothing_on_the_way():
    x, y = pairs((1, 64, 64))
    x, y = 0.97 + 0.03 * x, 0.97 + 0.03 * y  # nearly flat and bright: in float32 the variances would cancel
    for kind in (torch.float32, torch.bfloat16):
        a, b = x.to(kind), y.to(kind)
        assert ssim(a, b).dtype == torch.float64
        assert ssim(a, b).tolist() == ssim(a.double(), b.double()).tolist()
        with torch.autocast("cpu", torch.bfloat16):
            assert ssim(a, b).tolist() == ssim(a.double(), b.double()).tolist()
            assert psnr(a, b).tolist() == psnr(a.double(), b.double()).tolist()


def test_a_batch_is_compared_in_parts_where_its_images_are_large(monkeypatch):
    x, y = pairs((3, 33, 47))
    whole = ssim(x, y).tolist()
    monkeypatch.setattr("genlab.metrics.reconstruction.PIXELS_AT_ONCE", 5 * 33 * 47)  # five planes of twelve
    assert ssim(x, y).tolist() == pytest.approx(whole, abs=1e-12)


def test_grey_images_are_not_compared_with_colour_ones():
    with pytest.raises(ValueError, match=r"\[2, 1, 16, 16\] against \[2, 3, 16, 16\]"):
        reconstruction_terms(torch.rand(2, 1, 16, 16), torch.rand(2, 3, 16, 16))


def test_a_pixel_that_is_no_number_spoils_its_own_image_alone():
    x, y = pairs((1, 16, 16))
    y[1, 0, 3, 3] = math.nan
    for values in reconstruction_terms(x, y).values():
        assert values.isnan().tolist() == [False, True, False, False]


def test_what_is_gained_by_restoring_is_the_difference_of_both_ratios():
    clean = torch.full((2, 1, 4, 4), 0.5)
    found = restoration_terms(clean, clean + torch.tensor([0.1, -0.2]).view(2, 1, 1, 1), clean + 0.01)
    assert found["psnr_corrupted"].tolist() == pytest.approx([20, 20 * math.log10(5)], abs=1e-4)
    assert found["psnr_restored"].tolist() == pytest.approx([40, 40], abs=1e-4)
    assert found["psnr_gain"].tolist() == pytest.approx([20, 40 - 20 * math.log10(5)], abs=1e-4)
    worse = restoration_terms(clean, clean + 0.1, clean + 0.2)
    assert worse["psnr_gain"].tolist() == pytest.approx([-20 * math.log10(2)] * 2, abs=1e-4)
