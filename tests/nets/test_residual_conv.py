"""The network that finds what is to be added to an image."""

import pytest
import torch
from torch import nn

from genlab.contracts import DataError
from genlab.nets.residual_conv import ResidualConv


@pytest.mark.parametrize("fold", [1, 2, 4])
def test_without_convolutions_the_image_comes_out_as_it_went_in(fold):
    net = ResidualConv(5, 3, fold, "relu").generator(2, 2)
    x = torch.rand(3, 2, 8, 12)
    assert net(x).shape == x.shape
    assert not torch.equal(net(x), x)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    assert torch.equal(net(x), x)


@pytest.mark.parametrize(("depth", "fold"), [(2, 1), (4, 1), (3, 2)])
def test_a_pixel_sees_as_far_as_the_docs_say(depth, fold):
    net, side = ResidualConv(4, depth, fold, "tanh").generator(1, 1).double(), 40
    x = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    net(x)[0, 0, 20, 20].backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min() + 1) == (2 * depth + 1) * fold


def test_sides_that_do_not_fold_are_refused_and_other_channels_are_found_whole():
    net = ResidualConv(4, 2, 4, "relu").generator(1, 3)
    assert net(torch.rand(2, 1, 8, 8)).shape == (2, 3, 8, 8)
    with pytest.raises(DataError, match="multiples of 4"):
        net(torch.rand(2, 1, 8, 10))
