"""MIND: the reference's value, closed forms, equal counts."""

import pytest
import torch

from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.mind import MIND, monge_distance


def cloud(n, d, seed, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def reference(fake, real, directions, seed):
    """As torch-fidelity's repository has it, whose release has not yet: in words, from the paper's equation."""
    stream = torch.Generator().manual_seed(seed)
    n = min(len(fake), len(real))
    fake = fake[torch.randperm(len(fake), generator=stream)[:n]] if len(fake) > n else fake
    real = real[torch.randperm(len(real), generator=stream)[:n]] if len(real) > n else real
    total = 0.0
    for u in torch.nn.functional.normalize(torch.randn(directions, fake.shape[1], generator=stream), dim=1):
        total += float(((fake @ u).sort().values - (real @ u).sort().values).square().mean())
    return 3 * fake.shape[1] * total / directions


@pytest.mark.parametrize("counts", [(60, 60), (60, 45), (45, 60)])
def test_it_is_the_reference(counts):
    fake, real = cloud(counts[0], 20, 0), cloud(counts[1], 20, 1, 0.3, 1.2)
    found = MIND(150, 7)(FeatureSet(real), FeatureSet(fake), torch.device("cpu"))["mind"]
    assert found == pytest.approx(reference(fake, real, 150, 7), rel=1e-5)


def test_a_shift_is_three_times_its_square():
    x = cloud(80, 16, 0)
    found = monge_distance(x, x + 0.5, 2000, 0)
    assert found == pytest.approx(3 * 16 * 0.25, rel=0.05)
    assert monge_distance(x, x[torch.randperm(80)], 50, 0) == pytest.approx(0, abs=1e-9)


def test_round_gaussians_have_three_times_their_fid():
    d, shift, scale = 8, 0.4, 1.5
    closed = 3 * (d * shift**2 + d * (scale - 1) ** 2)
    found = monge_distance(cloud(5000, d, 0), cloud(5000, d, 1, shift, scale), 200, 0)
    assert found == pytest.approx(closed, rel=0.05)
