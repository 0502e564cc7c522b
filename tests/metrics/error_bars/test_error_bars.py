"""Standard errors beside the spread over fresh draws of known Gaussians, influences beside derivatives."""

import pytest
import torch

from genlab.metrics.clip_mmd import CMMD
from genlab.metrics.error_bars.frechet_influence import frechet_influence, full_rank_distance
from genlab.metrics.error_bars.influence import halves, parted
from genlab.metrics.error_bars.kernel_error import discrepancy_error, estimated, subsets_error
from genlab.metrics.error_bars.resampling import split_errors, standard_errors
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID, frechet_distance
from genlab.metrics.kernel import KID, cubic_kernel, mmd2
from genlab.metrics.mind import MIND, as_many, unit_directions
from genlab.metrics.moments import Moments

CPU = torch.device("cpu")


def gaussian(n, d, stream, scale=1.0, shift=0.0):
    return FeatureSet(torch.randn(n, d, generator=stream) * scale * torch.arange(1, d + 1) ** -0.5 + shift)


def weighted_distance(x, y, v, w):
    """FID of images with weights, by singular values; right for few images, too."""

    def parts(z, weights):
        weights = weights / weights.sum()
        centred = (z - weights @ z) * weights.sqrt()[:, None] * (len(z) / (len(z) - 1)) ** 0.5
        return weights @ z, centred

    (m1, c1), (m2, c2) = parts(x, v), parts(y, w)
    trace = torch.linalg.svdvals(c1 @ c2.T).sum()
    return (m1 - m2).square().sum() + c1.square().sum() + c2.square().sum() - 2 * trace


@pytest.mark.parametrize(("n", "m", "d"), [(30, 40, 5), (9, 8, 12), (8, 9, 12), (40, 10, 12)])
def test_influence_is_the_derivative_of_fid_by_the_weight_of_an_image(n, m, d):
    stream = torch.Generator().manual_seed(0)
    real, fake = gaussian(n, d, stream), gaussian(m, d, stream, 1.3, 0.2)
    sides = [z.features.double() for z in (real, fake)]
    assert float(weighted_distance(*sides, *map(ones, sides))) == pytest.approx(FID()(real, fake, CPU)["fid"], rel=1e-6)
    for side, found in enumerate(frechet_influence(real, fake, CPU)):
        step = torch.rand(len(found), generator=stream, dtype=torch.float64) - 0.5
        values = []
        for sign in (1, -1):
            weights = [ones(z) + (1e-4 * sign * step if i == side else 0) for i, z in enumerate(sides)]
            values.append(float(weighted_distance(*sides, *weights)))
        expected = float((found - found.mean()) @ step) / len(step)
        assert (values[0] - values[1]) / 2e-4 == pytest.approx(expected, rel=1e-3)


def ones(z):
    return torch.ones(len(z), dtype=z.dtype)


def test_the_short_way_to_fid_is_fid():
    stream = torch.Generator().manual_seed(1)
    real, fake = gaussian(60, 12, stream), gaussian(50, 12, stream, 1.3)
    direct = frechet_distance(Moments.of(real.features), Moments.of(fake.features))
    assert full_rank_distance(real, fake, CPU) == pytest.approx(direct, rel=1e-6)


def test_features_that_never_vary_have_no_influence():
    stream = torch.Generator().manual_seed(1)
    real, fake = gaussian(60, 5, stream), gaussian(50, 5, stream, 1.3)
    dead = [FeatureSet(torch.cat([z.features, torch.zeros(len(z), 2)], 1)) for z in (real, fake)]
    for few, more in zip(frechet_influence(real, fake, CPU), frechet_influence(*dead, CPU), strict=True):
        torch.testing.assert_close(more, few, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 40)])
def test_influence_is_the_derivative_of_mind_by_the_weight_of_an_image(n, m):
    stream = torch.Generator().manual_seed(0)
    real, fake = gaussian(n, 3, stream), gaussian(m, 3, stream, 1.5, 0.4)
    measure = MIND(directions=20, rng_seed=1)
    drawn = as_many(fake.features, n, torch.Generator().manual_seed(1))
    directions = unit_directions(20, 3, generator_after(n, m)).double()
    found = measure.influence(real, fake, CPU)[1]
    grid = torch.linspace(0, 1, 200_002, dtype=torch.float64)[1:-1]

    def value(weights):
        total = 0.0
        for direction in directions:
            a, order = (drawn.double() @ direction).sort()
            steps = (weights[order].cumsum(0) / weights.sum()).contiguous()
            b = (real.features.double() @ direction).sort().values
            of_a = a[torch.searchsorted(steps, grid).clamp_max(n - 1)]
            total += float((of_a - b[(grid * n).long()]).square().mean())
        return 3 * 3 * total / len(directions)

    step = torch.linspace(-1, 1, n, dtype=torch.float64).roll(7)
    slope = (value(1 + 0.02 * step) - value(1 - 0.02 * step)) / 0.04
    assert slope == pytest.approx(float((found - found.mean()) @ step) / n, rel=0.02)


def generator_after(n, m):
    """The stream as MIND leaves it after the draw from the larger set."""
    stream = torch.Generator().manual_seed(1)
    if n != m:
        torch.randperm(m, generator=stream)
    return stream


DRAWS = 80


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.5, 0.3)], ids=["equal", "different"])
@pytest.mark.parametrize(("n", "m", "d"), [(60, 120, 8), (30, 30, 40)])
def test_the_error_of_fid_is_the_spread_over_fresh_draws(n, m, d, scale, shift):
    stream = torch.Generator().manual_seed(2)
    sets = [(gaussian(n, d, stream), gaussian(m, d, stream, scale, shift)) for _ in range(DRAWS)]
    spread = torch.tensor([FID()(*pair, CPU)["fid"] for pair in sets]).std()
    stated = torch.tensor([standard_errors(FID(), *pair, 1, 0, CPU)["fid"] for pair in sets]).mean()
    assert float(stated / spread) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.5, 0.3)], ids=["equal", "different"])
@pytest.mark.parametrize(("n", "m"), [(40, 80)])
def test_the_error_of_kid_is_the_spread_over_fresh_draws(n, m, scale, shift):
    stream = torch.Generator().manual_seed(3)
    sets = [(gaussian(n, 16, stream).features, gaussian(m, 16, stream, scale, shift).features) for _ in range(200)]
    spread = torch.stack([mmd2(x.double(), y.double()) for x, y in sets]).std()
    stated = torch.tensor([discrepancy_error(x, y, cubic_kernel, 0) for x, y in sets]).mean()
    assert float(stated / spread) == pytest.approx(1, abs=0.2)


def test_a_mean_over_subsets_has_the_subsets_share_of_their_variance():
    stream = torch.Generator().manual_seed(4)
    x, y = gaussian(50, 4, stream).features, gaussian(60, 4, stream).features
    of_all = estimated(x, y, cubic_kernel, 0)
    expected = (of_all.variance(50, 60) + (of_all.variance(20, 20) - of_all.variance(50, 60)) / 5) ** 0.5
    assert subsets_error(x, y, cubic_kernel, 5, 20, 0) == pytest.approx(expected)
    assert subsets_error(x, y, cubic_kernel, 5, 1000, 0) == discrepancy_error(x, y, cubic_kernel, 0)


@pytest.mark.parametrize("measure", [KID(3, 20, 0), MIND(50, 0), CMMD(10.0, 1000.0)], ids=["kid", "mind", "cmmd"])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.5, 0.3)], ids=["equal", "different"])
def test_the_error_of_each_squared_distance_is_its_spread(measure, scale, shift):
    stream, name = torch.Generator().manual_seed(6), measure.names[0]
    sets = [(gaussian(40, 16, stream), gaussian(40, 16, stream, scale, shift)) for _ in range(DRAWS)]
    spread = torch.tensor([measure(*pair, CPU)[name] for pair in sets]).std()
    stated = torch.tensor([standard_errors(measure, *pair, 1, 0, CPU)[name] for pair in sets]).mean()
    assert float(stated / spread) == pytest.approx(1, abs=0.2)


class Mean:
    """A measure whose error is known: the difference between two means."""

    names = ("mean", "mean_sd")

    def __call__(self, real, fake, device):
        return {"mean": float(real.features.mean() - fake.features.mean()), "mean_sd": 1.0}


def test_errors_from_halves_are_right_for_a_mean():
    stream = torch.Generator().manual_seed(5)
    real, fake = (
        FeatureSet(torch.randn(100, 1, generator=stream)),
        FeatureSet(3 * torch.randn(301, 1, generator=stream)),
    )
    found = split_errors(Mean(), real, fake, 400, 0, CPU)
    expected = (real.features.var() / 100 + fake.features.var() / 301) ** 0.5
    assert found == {"mean": pytest.approx(float(expected), rel=0.1)}
    assert split_errors(Mean(), real, fake, 3, 0, CPU) == split_errors(Mean(), real, fake, 3, 0, CPU)


def test_halves_share_no_image():
    first, second = halves(11, torch.Generator())
    assert len(first) == len(second) == 5
    assert len({*first.tolist(), *second.tolist()}) == 10


def test_no_error_is_stated_of_too_few_images_or_none_asked():
    few, many = FeatureSet(torch.randn(19, 2)), FeatureSet(torch.randn(40, 2))
    assert standard_errors(Mean(), few, many, 5, 0, CPU) == {}
    assert standard_errors(FID(), many, few, 5, 0, CPU) == {}
    assert standard_errors(FID(), many, many, 0, 0, CPU) == {}


def test_a_measure_with_a_way_of_its_own_is_asked():
    class Own(Mean):
        def standard_errors(self, real, fake, seed, device):
            return {"mean": float(seed)}

    assert standard_errors(Own(), *[FeatureSet(torch.randn(40, 2))] * 2, 5, 7, CPU) == {"mean": 7.0}


def test_the_parts_of_the_variance():
    assert parted(10.0, 20.0) == parted(10.0, 19.0)  # linear alone, however chance has it
    assert (parted(10.0, 20.0).linear, parted(10.0, 20.0).square) == (10, 0)
    assert (parted(10.0, 40.0).linear, parted(10.0, 40.0).square) == (0, 5)  # square alone
    assert parted(10.0, 50.0).total == 5
