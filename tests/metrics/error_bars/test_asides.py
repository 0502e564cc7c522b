"""What stands beside a number, of sets whose distances are known."""

import pytest
import torch

from genlab.metrics.error_bars.asides import averaged, compared
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID, frechet_distance
from genlab.metrics.kernel import KID

CPU = torch.device("cpu")


def cloud(n, seed, shift=0.0):
    return FeatureSet(shift + torch.randn(n, 4, generator=torch.Generator().manual_seed(seed)))


def test_a_fid_has_its_error_its_limit_and_its_floor_beside_it():
    real, fake, others = cloud(900, 0), cloud(900, 1, shift=0.5), cloud(900, 2)
    found = compared(FID(), real, fake, 20, others, CPU)["fid"]
    assert found[""] == frechet_distance(real.moments(CPU), fake.moments(CPU))
    assert found["_floor"] == frechet_distance(real.moments(CPU), others.moments(CPU))
    assert found["_floor"] < found["_inf"] < found[""]
    assert abs(found["_inf"] - 4 * 0.5**2) < 3 * found["_inf_se"]  # the distance of two Gaussians of unit covariance
    assert abs(found[""] - 4 * 0.5**2) < 4 * found["_se"]


def test_what_is_not_asked_for_or_has_no_meaning_is_left_out():
    real, fake = cloud(300, 0), cloud(300, 1)
    assert compared(FID(), real, fake, 0, None, CPU)["fid"].keys() == {""}
    kid = compared(KID(subsets=3, subset_size=50, rng_seed=0), real, fake, 20, None, CPU)
    assert {name: {*values} for name, values in kid.items()} == {"kid": {"", "_se"}, "kid_sd": {""}}
    few = compared(FID(), cloud(12, 0), cloud(12, 1), 20, cloud(12, 2), CPU)["fid"]
    assert few.keys() == {"", "_floor"}  # twelve images tell no error


def test_the_mean_of_two_directions_has_the_error_of_a_mean():
    both = [{"": 1.0, "_se": 0.3, "_floor": 2.0}, {"": 3.0, "_se": 0.4}]
    assert averaged(both) == {"": 2.0, "_se": pytest.approx(0.25)}
