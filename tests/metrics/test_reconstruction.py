"""mse, psnr and ssim: their definitions, written out, and torchmetrics' own number."""

import pytest
import torch
import torch.nn.functional as F
from torchmetrics.functional.image import structural_similarity_index_measure

from genlab.metrics.reconstruction import mse, psnr, ssim


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


def test_ssim_of_small_images_is_its_formula_over_windows_of_seven():
    x, y = torch.rand(2, 4, 1, 8, 8, dtype=torch.float64)
    windows = [F.pad(z, [3] * 4, mode="reflect").unfold(2, 7, 1).unfold(3, 7, 1).flatten(4) for z in (x, y)]
    (mean_x, mean_y), (var_x, var_y) = zip(*((w.mean(4), w.var(4, correction=0)) for w in windows), strict=True)
    both = (windows[0] * windows[1]).mean(4) - mean_x * mean_y
    value = (2 * mean_x * mean_y + 1e-4) * (2 * both + 9e-4)
    value = value / ((mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4))
    torch.testing.assert_close(ssim(x, y), value.mean((1, 2, 3)), rtol=1e-6, atol=1e-9)
