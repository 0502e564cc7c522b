"""A mixture around a circle: its density sums to one and is torch's; draws come from the components asked for."""

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from genlab.contracts import DataSpec
from genlab.models.priors.ring import Ring

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")
RING = Ring(10, 4.0, 1.0, 0.4).bound_to(2, SPEC, None)


def torchs():
    angle = torch.arange(10).double() * 2 * math.pi / 10
    along = torch.stack([angle.cos(), angle.sin()], 1)
    across = torch.stack([-angle.sin(), angle.cos()], 1)
    covariance = along[:, :, None] * along[:, None] + 0.16 * across[:, :, None] * across[:, None]
    return MixtureSameFamily(Categorical(torch.ones(10).double()), MultivariateNormal(4 * along, covariance))


def test_its_density_is_torchs():
    z = 3 * torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(RING.log_prob(z), torchs().log_prob(z), rtol=1e-10, atol=1e-10)


def test_its_draws_have_the_density_and_are_a_function_of_the_stream():
    draw = lambda n: RING.sample(n, torch.Generator().manual_seed(1), torch.float64)  # noqa: E731
    z = draw(20_000)
    assert torch.equal(z[:0], draw(0))
    assert torch.equal(z, draw(20_000))
    assert float(z.mean(0).norm()) < 0.1
    assert float(z.square().sum(1).mean()) == pytest.approx(16 + 1 + 0.16, rel=0.02)
    entropy = -RING.log_prob(z).mean()
    assert float(entropy) == pytest.approx(float(-torchs().log_prob(torchs().sample((20_000,))).mean()), abs=0.03)


def test_a_component_is_placed_in_its_direction():
    z = RING.place(torch.tensor([0, 5]), torch.zeros(2, 2))
    torch.testing.assert_close(z, torch.tensor([[4.0, 0.0], [-4.0, 0.0]]), rtol=0, atol=1e-5)
    far = RING.place(torch.tensor([0, 5]), torch.ones(2, 2))
    torch.testing.assert_close(far, torch.tensor([[5.0, 0.4], [-5.0, -0.4]]), rtol=0, atol=1e-5)
