"""How many operations a step of a CycleGAN and of a DCGAN takes: exact numbers, whatever the machine is doing.

Counted are all operations that PyTorch dispatches in forward, backward and optimiser step, but for those that only look
at a tensor in another way; in the second step; of a CycleGAN at 64 pixels, with identity losses, while the pools are filling.
"""

import copy
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from genlab.contracts import Domains
from genlab.nets.dcgan import DCGAN
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet

import parity
import players
from parity import BETAS, FAST, LR, REFERENCE, images, noise, spec
from reference import ReferenceCycleGAN
from stepping import play, stepping

VIEWS = {  # fmt: skip
    "view",
    "_unsafe_view",
    "reshape",
    "_reshape_alias",
    "expand",
    "slice",
    "select",
    "unsqueeze",
    "squeeze",
    "t",
    "transpose",
    "permute",
    "detach",
    "alias",
    "as_strided",
    "unbind",
    "split",
    "split_with_sizes",
    "chunk",
    "narrow",
    "unfold",
    "diagonal",
    "lift_fresh",
    "view_as_real",
}
SIDE = 64


class Count(TorchDispatchMode):
    """How many operations were no views, and how many there were of each name."""

    def __init__(self):
        super().__init__()
        self.named = Counter()

    @property
    def operations(self):
        return sum(count for name, count in self.named.items() if name not in VIEWS)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.named[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


def fused(parameters, lr=LR, betas=BETAS):
    return torch.optim.Adam(parameters, lr, betas, fused=True)


def cyclegan(way):
    g, d = ResNet(4, 9, 2, "instance", "transposed", False), PatchGAN(4, 3, "instance")
    model = parity.cyclegan(g, d, spec("domains", SIDE), way=way, pool_size=50, optimizer=fused)
    return stepping(model.double())


def batch(number):
    return Domains(images(number, "a", 1, SIDE), images(number, "b", 1, SIDE), torch.arange(1), torch.arange(1))


def looked_at(play):
    play(0)
    with Count() as count:
        play(1)
    return count


def counted(play):
    return looked_at(play).operations


def by_hand(model):
    """The reference's step on the batches of ``counted``."""
    reference = ReferenceCycleGAN(model, 0.5, 50, optimizer=fused, watched=False)
    inputs = [(batch(n).a * 2 - 1, batch(n).b * 2 - 1, noise(n)) for n in range(2)]
    return lambda n: reference.step(*inputs[n])


def by_model(model):
    """The model's step on the same batches."""
    inputs = [(batch(n), noise(n)) for n in range(2)]
    return lambda n: play(model, inputs[n])


def test_the_reference_restated_takes_what_was_counted_in_its_own_code():
    assert abs(counted(by_hand(cyclegan(REFERENCE))) - 2288) <= 20  # its own code makes its targets and sums elsewhere


def test_the_models_bookkeeping_is_a_fortieth():
    """Losses kept by image and by name, in pixels of [0, 1], and looked at whether they are finite."""
    assert counted(by_model(cyclegan(REFERENCE))) <= 2288 * 1.03


def test_the_fast_way_takes_less_than_half():
    assert counted(by_model(cyclegan(FAST))) <= 1100


# ---- a DCGAN --------------------------------------------------------------------------------------------------------


def dcgan(**options):
    net = DCGAN(4, "batch", False, 0, "projection")
    model = players.gan(net, (1, 28, 28), optimizer=lambda p: fused(p), latent_dim=8, **options)
    return stepping(model)


def dcgan_by_hand(model):
    """The least that alternating steps take: one pass of G, whose fakes both players look at."""
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    opt_g, opt_d = fused(g.parameters()), fused(d.parameters())
    inputs = [
        (players.batch(n, 4, (1, 28, 28)).image * 2 - 1, players.noise(model, n).normal("z", 4, 8)) for n in range(2)
    ]

    def step(number):
        x, z = inputs[number]
        fake = g(z)
        opt_d.zero_grad()
        (F.softplus(-d(x)).mean() + F.softplus(d(fake.detach())).mean()).backward()
        opt_d.step()
        d.requires_grad_(False)
        opt_g.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        opt_g.step()
        d.requires_grad_(True)

    return step


def dcgan_by_model(model):
    inputs = [(players.batch(n, 4, (1, 28, 28)), players.noise(model, n)) for n in range(2)]
    return lambda n: play(model, inputs[n])


def convolutions(play):
    named = looked_at(play).named
    return named["convolution"], named["convolution_backward"]


def test_a_dcgans_fakes_are_made_once_for_both_players():
    model = dcgan()
    assert convolutions(dcgan_by_model(model)) == convolutions(dcgan_by_hand(dcgan()))


def test_a_dcgans_bookkeeping_is_a_tenth():
    """D's probabilities and accuracy, losses by image and by name, and whether they are finite."""
    assert counted(dcgan_by_model(dcgan())) <= counted(dcgan_by_hand(dcgan())) * 1.1


@pytest.mark.parametrize(
    ("options", "passes"),
    [
        ({}, 4),  # one of G; D sees real and fake, and the fakes again when G moves
        ({"d_steps": 2}, 4),  # G moves with every second batch, this one among them
        ({"g_steps": 2}, 6),
        ({"loss": "relativistic"}, 5),
        ({"label_smoothing": 0.1}, 4),
        ({"r1": 1.0, "penalty_every": 3}, 4),  # not due
    ],
)
def test_how_often_a_dcgans_networks_of_four_layers_are_asked(options, passes):
    assert convolutions(dcgan_by_model(dcgan(**options)))[0] == 4 * passes
