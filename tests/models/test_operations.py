"""How many operations a CycleGAN step takes: exact numbers, whatever the machine is doing.

Counted are all operations that PyTorch dispatches in forward, backward and optimiser step, but for those that only look
at a tensor in another way; in the second step, at 64 pixels, with identity losses, while the pools are filling.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from genlab.contracts import Domains
from genlab.models.cyclegan import CycleGAN
from genlab.models.schedules import Constant
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet_generator import ResNet

from parity import BETAS, FAST, LR, REFERENCE, images, noise, spec, step, stepping
from reference import ReferenceCycleGAN

VIEWS = """view _unsafe_view reshape _reshape_alias expand slice select unsqueeze squeeze t transpose permute detach alias
    as_strided unbind split split_with_sizes chunk narrow unfold diagonal lift_fresh view_as_real""".split()
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
    terms = ("least_squares", 0.0, [], 10.0, 10.0, 0.5, 50, 0.0)
    return stepping(CycleGAN(*terms, g, d, fused, Constant(), step(**way), spec("domains", SIDE), seed=3).double())


def batch(number):
    return Domains(images(number, "a", 1, SIDE), images(number, "b", 1, SIDE), torch.arange(1), torch.arange(1))


def counted(play):
    play(0)
    with Count() as count:
        play(1)
    return count.operations


def test_the_reference_restated_takes_as_many_as_were_counted_in_its_own_code():
    model = cyclegan(REFERENCE)
    reference = ReferenceCycleGAN(model, 0.5, 50, optimizer=fused)
    inputs = [(batch(n).a * 2 - 1, batch(n).b * 2 - 1, noise(n)) for n in range(2)]
    operations = counted(lambda n: reference.step(*inputs[n]))
    print(operations)


@pytest.mark.parametrize(("way", "most"), [(REFERENCE, 2288), (FAST, 1100)], ids=["reference", "fast"])
def test_a_step_stays_within_its_budget(way, most):
    model = cyclegan(way)
    operations = counted(lambda n: model.play([(batch(n), noise(n))]))
    print(operations)
    assert operations <= most
