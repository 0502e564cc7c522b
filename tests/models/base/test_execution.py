"""Memory order by device: which networks change it, and what optimisers keep follows."""

import pytest
import torch
from torch import nn

from genlab.nets.blocks import norm_layer

from parity import step

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
LAST = {"memory_format": torch.channels_last}


def network(norm):
    return nn.Sequential(nn.Conv2d(3, 4, 3), norm_layer(norm, 4))


@pytest.mark.parametrize(
    ("asked", "norm", "device", "last"),
    [
        ("auto", "batch", CPU, False),
        ("auto", "batch", CUDA, True),
        ("auto", "none", CUDA, True),
        ("auto", "instance", CUDA, False),
        (False, "batch", CUDA, False),
        (True, "instance", CPU, True),
    ],
)
def test_a_network_without_instance_norm_has_its_channels_last_on_cuda(asked, norm, device, last):
    net, way = network(norm), step(channels_last=asked)
    way.prepare([net])
    assert net[0].weight.is_contiguous(**LAST) is (asked is True)
    way.settle([net], [], device)
    assert net[0].weight.is_contiguous(**LAST) is last


@pytest.mark.parametrize("fused", [True, False])
def test_what_an_optimiser_kept_on_another_device_is_brought_into_the_order_of_the_weights(fused):
    """A fused Adam would take the moments of one number for those of another, and say nothing."""
    torch.manual_seed(0)
    nets = [network("none") for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    optimizers = [torch.optim.Adam(net.parameters(), 0.1, fused=fused) for net in nets]
    x = torch.randn(2, 3, 6, 6)
    for number in range(3):
        for net, optimizer in zip(nets, optimizers, strict=True):
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()
        if number == 0:
            for kept in optimizers[1].state.values():
                kept |= {n: v.contiguous(**LAST) for n, v in kept.items() if v.ndim == 4}
            step(channels_last="auto").settle(nets[1:], optimizers[1:], CPU)
    for one, other in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(one, other)
