"""Power by frequency: of waves and of noise, whose spectra are known."""

import math

import pytest
import torch

from genlab.analysis.spectra.spectrum import HIGH, band_of, edge_strength, power_of, spectrum


def wave(cycles, size=32, down=False):
    """A cosine with so many cycles across an image, [1, 1, size, size]."""
    line = 0.5 + 0.5 * torch.cos(2 * math.pi * cycles * torch.arange(size, dtype=torch.float64) / size)
    page = line.expand(size, size)
    return (page.T if down else page)[None, None].contiguous()


def test_powers_sum_to_the_variance_of_the_pixels():
    """Parseval's theorem."""
    x = torch.rand(3, 2, 12, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    power, _ = power_of(x, windowed=False)
    assert power.sum((2, 3)).flatten().tolist() == pytest.approx(x.var((2, 3), unbiased=False).flatten().tolist())


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("cycles", [3, 11, 14])
def test_a_wave_has_its_power_at_its_own_frequency(cycles, down):
    found = spectrum(wave(cycles, down=down))
    assert float(found.frequency[found.power.argmax()]) == pytest.approx(cycles / 32)
    assert found.fine_share == pytest.approx(float(cycles / 32 > HIGH), abs=0.02)


def test_white_noise_is_flat():
    x = torch.rand(400, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    power = spectrum(x).power[2:]
    assert float(power.max() / power.min()) < 1.15


def test_a_blur_takes_away_what_is_fine_and_nothing_that_is_coarse():
    x = torch.rand(50, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    soft = torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    sharp, blurred = spectrum(x), spectrum(soft)
    assert float(blurred.power[0] / sharp.power[0]) > 0.9
    assert float(blurred.power[-1] / sharp.power[-1]) < 0.15
    assert blurred.fine_share < sharp.fine_share
    assert edge_strength(soft) < 0.6 * edge_strength(x)


def test_the_mean_of_an_image_is_no_power_and_frequencies_end_at_a_half():
    found = spectrum(torch.full((2, 1, 16, 24), 0.7))
    assert float(found.power.abs().max()) < 1e-20
    assert 0 < float(found.frequency[0]) < float(found.frequency[-1]) == 0.5


def test_bands_are_as_wide_as_the_lowest_frequency():
    _, radius = power_of(torch.zeros(1, 1, 8, 8))
    bands = band_of(radius, 8)
    assert (int(bands[0, 0]), int(bands[0, 1]), int(bands[1, 1]), int(bands[2, 0])) == (0, 1, 1, 2)


def test_edges_are_the_length_of_the_gradient():
    ramp = torch.arange(6.0).expand(6, 6)[None, None] * 0.3 + torch.arange(6.0)[:, None] * 0.4
    assert edge_strength(ramp) == pytest.approx(0.5)
