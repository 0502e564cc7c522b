"""A step takes nothing from the host and gives it nothing: no tensor is made of numbers there, no value is read.

On a GPU either would wait for the device. Here every operation of an update of each model is looked at, on the CPU, but
for what is done on a CPU alone: the look for a loss that is not finite, and the range of labels in ``one_hot``.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from genlab.models.aae import AAE
from genlab.models.corruptions.blur import Blur
from genlab.models.corruptions.downsample import Downsample
from genlab.models.corruptions.gaussian import Gaussian
from genlab.models.corruptions.hole import Hole
from genlab.models.corruptions.mask import Mask
from genlab.models.corruptions.salt_pepper import SaltPepper
from genlab.models.objectives.capacity import Capacity
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.free_bits import FreeBits
from genlab.models.objectives.iwae import IWAE
from genlab.models.objectives.tc import TotalCorrelation
from genlab.models.priors.ring import Ring
from genlab.models.priors.vamp import Vamp
from genlab.models.ss_aae import SSAAE

from family import batch, family, member, parts, unfused
from stepping import noise_of, play, stepping

MADE, READ = "lift_fresh", "_local_scalar_dense"  # torch.tensor(…), x.new_tensor(…); x.item(), bool(x)


class Watch(TorchDispatchMode):
    """Which operations would have waited."""

    def __init__(self):
        super().__init__()
        self.seen, self.ranges = [], 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if name == "aminmax":
            self.ranges = 2  # numbers that one_hot reads, on a CPU alone
        elif name == READ and self.ranges:
            self.ranges -= 1
        elif name in (MADE, READ) or (name == "index" and any(x.dtype == torch.bool for x in args[1] if x is not None)):
            self.seen.append(name)
        return function(*args, **(kwargs or {}))


def waits(model):
    """What waits in the third update: the first ones may make what is kept, as an optimiser's state is."""
    model = stepping(model)
    model.finite.look = lambda *terms: None
    for step in range(2):
        play(model, batch(step, model))
    once = batch(2, model)
    with Watch() as watch:
        play(model, once)
    return watch.seen


def test_what_waits_is_seen():
    for wait in (
        lambda x: x.new_tensor([1.0]),
        lambda x: torch.tensor([1.0]),
        lambda x: x.sum().item(),
        lambda x: bool(x.sum() > 0),
        lambda x: x[x > 0],
    ):
        with Watch() as watch:
            wait(torch.ones(3))
        assert watch.seen


OBJECTIVES = [ELBO(2), IWAE(3, "dreg"), Capacity(2.0), FreeBits(0.1, 1), TotalCorrelation(1.0, 1.0)]


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: type(one).__name__)
def test_no_objective_waits(objective):
    assert waits(member("VAE", objective=objective, sigma="learned")) == []


@pytest.mark.parametrize("prior", [Vamp(5), Ring(4, 2.0, 0.5, 0.1)], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("name", sorted(family()))
def test_no_model_of_the_family_waits_with_either_prior(name, prior):
    assert waits(member(name, prior=prior)) == []


@pytest.mark.parametrize("posterior", ["deterministic", "gaussian"])
def test_no_adversarial_autoencoder_waits(posterior):
    assert waits(AAE(posterior=posterior, labelled=10, prior=Ring(4, 2.0, 0.5, 0.1), **parts())) == []


def test_a_semi_supervised_one_does_not_wait():
    assert waits(SSAAE(labelled=10, y_optimizer=unfused, **parts())) == []


DAMAGES = [
    *(Hole(0.25, place, 0.5) for place in ("anywhere", "centre")),
    *(Mask(0.25), SaltPepper(0.25), Gaussian(0.5), Blur(1.5), Downsample(2)),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: f"{type(one).__name__}-{getattr(one, 'place', '')}")
def test_no_corruption_waits(damage):
    x, noise = torch.rand(3, 1, 8, 8), noise_of(member("VAE"), 0)
    damage(x, noise)
    with Watch() as watch:
        damage(x, noise)
    assert watch.seen == []
