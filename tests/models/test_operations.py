"""How many operations a CycleGAN step takes: exact numbers, whatever the machine is doing.

Counted are all operations that PyTorch dispatches in forward, backward and optimiser step, but for those that only look
at a tensor in another way; in the second step, at 64 pixels, with identity losses, while the pools are filling.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from genlab.contracts import Domains
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet

import parity
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
    """How many operations were no views."""

    def __init__(self):
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.operations += function.overloadpacket.__name__ not in VIEWS
        return function(*args, **(kwargs or {}))


def fused(parameters, lr=LR, betas=BETAS):
    return torch.optim.Adam(parameters, lr, betas, fused=True)


def cyclegan(way):
    g, d = ResNet(4, 9, 2, "instance", "transposed", False), PatchGAN(4, 3, "instance")
    model = parity.cyclegan(g, d, spec("domains", SIDE), way=way, pool_size=50, optimizer=fused)
    return stepping(model.double())


def batch(number):
    return Domains(images(number, "a", 1, SIDE), images(number, "b", 1, SIDE), torch.arange(1), torch.arange(1))


def counted(play):
    play(0)
    with Count() as count:
        play(1)
    return count.operations


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
