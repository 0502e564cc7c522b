"""FID at infinitely many images: the line, its error, and where there is none."""

import pytest
import torch

from genlab.metrics.error_bars.extrapolation import cut, extrapolated, intercept, mean_distance
from genlab.metrics.feature_set import FeatureSet

CPU = torch.device("cpu")


def gaussian(n, d, stream, scale=1.0):
    return FeatureSet(torch.randn(n, d, generator=stream) * scale)


def test_the_line_is_found():
    assert intercept([1.0, 2.0, 3.0], [7.0, 9.0, 11.0]) == pytest.approx(5)


def test_every_image_is_in_one_part_of_a_cut():
    z = FeatureSet(torch.arange(11.0)[:, None])
    parts = cut(z, 3, torch.Generator())
    assert [len(part) for part in parts] == [3, 3, 3]
    assert len(torch.cat([part.features for part in parts]).unique()) == 9
    assert cut(z, 1, torch.Generator()) == [z]


def test_both_sides_are_cut():
    def sizes(real, fake, device):
        return 1 / len(real) + 10 / len(fake)

    sides = FeatureSet(torch.zeros(60, 1)), FeatureSet(torch.zeros(30, 1))
    values = [mean_distance(sizes, *sides, parts, torch.Generator(), CPU) for parts in (1, 2, 3)]
    assert intercept([1.0, 2.0, 3.0], values) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 0.0), (1.5, 2.0)], ids=["equal", "different"])
def test_the_bias_vanishes_and_the_error_holds(scale, expected):
    stream, found = torch.Generator().manual_seed(0), []
    for seed in range(40):
        found.append(extrapolated(gaussian(200, 8, stream), gaussian(200, 8, stream, scale), seed, CPU))
    value, error = torch.tensor(found, dtype=torch.float64).T
    assert float(value.mean()) == pytest.approx(expected, abs=float(3 * value.std() / 40**0.5))
    assert float(error.mean() / value.std()) == pytest.approx(1, abs=0.25)
    assert ((value - expected).abs() < 2 * error).double().mean() >= 0.88
    if scale == 1:
        assert (value < 0).double().mean() > 0.25  # nothing is clipped


def test_no_line_where_a_third_has_no_more_images_than_features():
    stream = torch.Generator().manual_seed(0)
    assert extrapolated(gaussian(26, 8, stream), gaussian(90, 8, stream), 0, CPU) is None
    assert extrapolated(gaussian(27, 8, stream), gaussian(90, 8, stream), 0, CPU) is not None


def test_one_seed_one_value():
    stream = torch.Generator().manual_seed(0)
    sides = gaussian(90, 8, stream), gaussian(90, 8, stream)
    found = [extrapolated(*sides, seed, CPU).value for seed in (3, 3, 4)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)
    assert found[0] != pytest.approx(found[2], rel=1e-3)
