"""Outlier scores with known answers: the Mahalanobis distance and an image's complexity."""

import io
import math

import pytest
import torch
from PIL import Image
from scipy.spatial.distance import mahalanobis

from genlab.metrics.outliers.complexity import input_complexity, png_bits
from genlab.metrics.outliers.mahalanobis import Mahalanobis


def test_the_distance_is_that_of_scipy_squared():
    train = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) @ torch.tensor(
        [[2.0, 1, 0], [0, 1, 0], [0, 0, 3]]
    )
    codes = torch.tensor([[0.0, 0, 0], [5, -5, 1]])
    found = Mahalanobis.fitted(train)(codes)
    inverse = torch.linalg.inv(train.double().T.cov()).numpy()
    expected = [mahalanobis(code.numpy(), train.mean(0).numpy(), inverse) ** 2 for code in codes]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-4, atol=1e-4)


def test_a_dead_latent_makes_no_distance_infinite():
    train = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    dead = torch.cat([train, torch.full((50, 1), 0.3)], 1)
    code = torch.tensor([[1.0, 2.0, 0.3]])
    found = Mahalanobis.fitted(dead)(code)
    assert float(found) == pytest.approx(float(Mahalanobis.fitted(train)(code[:, :2])))
    assert torch.isfinite(Mahalanobis.fitted(dead[:, 2:])(code[:, 2:])).all()
    assert torch.isfinite(Mahalanobis.fitted(train[:, :1])(code[:, :1])).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_complexity_is_the_length_of_a_lossless_png(channels):
    flat = torch.full((1, channels, 16, 16), 0.5)
    busy = torch.rand(1, channels, 16, 16, generator=torch.Generator().manual_seed(0))
    bits = png_bits(torch.cat([flat, busy]))
    assert bits[1] > 8 * channels * 256 > bits[0]  # noise cannot be packed
    file = io.BytesIO()
    array = (busy[0] * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(array[..., 0] if channels == 1 else array).save(file, "PNG", optimize=True)
    assert bits[1] == 8 * len(file.getvalue())
    assert (png_bits(torch.cat([busy, flat])) == bits.flip(0)).all()


def test_of_two_images_as_unlikely_the_simpler_one_scores_higher():
    flat = torch.full((1, 1, 16, 16), 0.5)
    busy = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    nll = torch.tensor([100.0, 100.0])
    found = input_complexity(nll, torch.cat([flat, busy]))
    assert found[0] > found[1]
    assert float(found[1]) == pytest.approx(100 / math.log(2) - float(png_bits(busy)))
