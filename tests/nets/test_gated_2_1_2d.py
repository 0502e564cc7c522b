"""The gated generator beside the same function written out with one-dimensional convolutions in its middle."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.config.crop_sizes import required_by
from genlab.contracts import DataError
from genlab.nets.blocks import InstanceNorm, dead_biases
from genlab.nets.gated_2_1_2d import Gated212D


def generator(
    height=8, width=3, channels=5, blocks=2, downs=2, norm="instance", upsample="shuffle", inputs=2, outputs=1
):
    """In float64, with scales and shifts that are not 1 and 0."""
    torch.manual_seed(0)
    family = Gated212D(width, channels, blocks, downs, norm, upsample, False)
    net = family.of_height(height).generator(inputs, outputs).double()
    for layer in net.modules():
        if isinstance(layer, InstanceNorm):
            nn.init.normal_(layer.weight)
            if layer.bias is not None:
                nn.init.normal_(layer.bias)
    return net


def image(height=8, width=12, rows=2, inputs=2):
    return (
        torch.rand(rows, inputs, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    )


def gate(x):
    """v sigma(g): the first half of the channels, each opened by one of the second."""
    value, opening = x.chunk(2, 1)
    return value / (1 + torch.exp(-opening))


class ByHand:
    """The weights of a network in order, and what is done with them."""

    def __init__(self, net):
        self.weights = [value for name, value in net.state_dict().items()]
        self.normalised = net.down[3].__class__ is InstanceNorm

    def convolved(self, x, flat=False, **how):
        weight = self.weights.pop(0)
        bias = self.weights.pop(0) if not self.normalised or how.pop("ends", False) else None
        how.pop("ends", None)
        return F.conv1d(x, weight.squeeze(2), bias, **how) if flat else F.conv2d(x, weight, bias, **how)

    def norm(self, x, shifted=True):
        if not self.normalised:
            return x
        places = tuple(range(2, x.dim()))
        mean, var = x.mean(places, keepdim=True), x.var(places, unbiased=False, keepdim=True)
        scale = self.weights.pop(0).view(1, -1, *[1] * len(places))
        shift = self.weights.pop(0).view_as(scale) if shifted else 0
        return (x - mean) / (var + 1e-5).sqrt() * scale + shift

    def __call__(self, x, blocks, downs, upsample):
        x = gate(self.convolved(x, padding=(2, 7), ends=True))
        for _ in range(downs):
            x = gate(self.norm(self.convolved(x, stride=2, padding=2)))
        batch, maps, rows, columns = x.shape
        s = self.norm(self.convolved(x.reshape(batch, maps * rows, columns), flat=True))
        for _ in range(blocks):
            inner = gate(self.norm(self.convolved(s, flat=True, padding=1)))
            s = s + self.norm(self.convolved(inner, flat=True, padding=1), shifted=False)
        x = self.norm(self.convolved(s, flat=True)).reshape(batch, maps, rows, columns)
        for _ in range(downs):
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3) if upsample == "nearest" else x
            x = self.convolved(x, padding=2)
            x = shuffled(x) if upsample == "shuffle" else x
            x = gate(self.norm(x))
        made = torch.tanh(self.convolved(x, padding=(2, 7), ends=True))
        assert not self.weights
        return made


def shuffled(x):
    """Four channels that follow each other become the pixels of a square, row by row."""
    made = x.new_zeros(x.shape[0], x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3])
    for place in range(4):
        made[:, :, place // 2 :: 2, place % 2 :: 2] = x[:, place::4]
    return made


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("downs", [1, 2])
@pytest.mark.parametrize("upsample", ["shuffle", "nearest"])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_it_is_the_function_of_the_paper(norm, upsample, downs, grouped):
    net = generator(norm=norm, upsample=upsample, downs=downs)
    for layer in net.modules():
        if isinstance(layer, InstanceNorm):
            layer.grouped = grouped
    x = image()
    torch.testing.assert_close(net(x), ByHand(net)(x, 2, downs, upsample), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("height", "inputs"), [(80, 1), (80, 2), (36, 1)])
def test_the_papers_widths_are_those_of_its_figure(height, inputs):
    """Maps before each gate: 128, 256, 512; in each block 512, then 256; 1024 and 512, of which shuffling leaves a quarter."""
    net = Gated212D(64, 256, 6, 2, "instance", "shuffle", False).of_height(height).generator(inputs, 1)
    flat, affine = 256 * height // 4, 2 * (256 + 512 + 256 + 6 * (512 + 128) + 256 * height // 4 + 256 + 128)
    ends = (inputs * 75 + 1) * 128 + 64 * 75 + 1
    wide = 25 * (64 * 256 + 128 * 512 + 256 * 1024 + 128 * 512)
    long = 2 * flat * 256 + 6 * 3 * (256 * 512 + 256 * 256)
    assert sum(p.numel() for p in net.parameters()) == ends + wide + long + affine
    assert [layer.out_channels for layer in net.down if isinstance(layer, nn.Conv2d)] == [128, 256, 512]
    assert net.inward[0].in_channels == net.outward[0].out_channels == flat


@pytest.mark.parametrize("width", [8, 12, 64, 100])
def test_any_multiple_of_four_is_a_width(width):
    net, x = generator(), image(width=width)
    assert net(x).shape == (2, 1, 8, width)
    assert net(x).abs().max() <= 1
    torch.testing.assert_close(net(x)[:1], net(x[:1]))  # each image by itself


def test_other_sides_are_refused():
    net = generator()
    assert (net.multiple, net.smallest, net.height) == (4, 8, 8)
    with pytest.raises(DataError, match="takes images of 8 rows, and this one has 12"):
        net(image(height=12))
    with pytest.raises(DataError, match="multiples of 4, not 10x8"):
        net(image(width=10))
    assert required_by({"generator": {"num_downs": 2}}) == (4, 1)


def test_every_place_sees_the_whole_height_and_its_own_surroundings_along_the_width():
    """Without a norm, which would let everything see everything. Kernels reach 7 + 4 + 8, a block 8, 4 + 2 + 7 columns."""
    net, x = generator(height=32, norm="none", blocks=1), image(32, 160, 1).requires_grad_()
    net(x)[0, 0, 0, 80].backward()
    seen = x.grad[0].abs().sum(0) > 0
    assert seen.any(1).all()  # the last row matters to the first
    columns = seen.any(0).nonzero().flatten()
    for reach in (80 - int(columns.min()), int(columns.max()) - 80):
        assert abs(reach - 40) <= 3  # by the place in a block of 4


def test_a_closed_gate_lets_nothing_through_and_an_open_one_everything():
    net, x = generator(norm="none", blocks=1), image()
    block, sequence = net.blocks[0], torch.randn(2, 5, 1, 6, dtype=torch.float64)
    first, last = block.change[0], block.change[-2]
    nn.init.zeros_(first.weight[5:])
    nn.init.zeros_(last.bias)
    nn.init.constant_(first.bias[5:], -800.0)
    assert torch.equal(block(sequence), sequence)
    nn.init.constant_(first.bias[5:], 800.0)
    value = F.conv2d(sequence, first.weight[:5], first.bias[:5], padding=(0, 1))
    torch.testing.assert_close(block(sequence), sequence + F.conv2d(value, last.weight, padding=(0, 1)))
    assert net(x).isfinite().all()


def test_dropout_is_within_the_blocks_and_no_bias_stands_before_a_norm():
    net = Gated212D(2, 4, 3, 1, "instance", "nearest", True).of_height(8).generator(1, 1)
    assert sum(isinstance(layer, nn.Dropout) for block in net.blocks for layer in block.modules()) == 3
    assert sum(isinstance(layer, nn.Dropout) for layer in net.modules()) == 3
    assert dead_biases(net) == dead_biases(generator()) == []
    batch = Gated212D(2, 4, 1, 2, "batch", "shuffle", False).of_height(8).generator(1, 1)
    assert batch(image(inputs=1).float()).shape == (2, 1, 8, 12)
