"""The residual networks of spectral normalisation, restated from the tables of their paper."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.nets.gan_resnet import GANResNet

UP = {  # side of the image: channels at 4x4 and after each block
    8: [256] * 2,
    32: [256] * 4,
    64: [1024, 512, 256, 128, 64],
    128: [1024, 1024, 512, 256, 128, 64],
}
DOWN = {  # channels after each block, and the sides of its map
    8: ([128] * 4, [4, 2, 2, 2]),
    32: ([128] * 4, [16, 8, 8, 8]),
    64: ([64, 128, 256, 512, 1024], [32, 16, 8, 4, 2]),
    128: ([64, 128, 256, 512, 1024, 1024], [64, 32, 16, 8, 4, 4]),
}


def convolution(inputs, outputs, kernel):
    return inputs * outputs * kernel**2 + outputs


def weights_up(channels, latent_dim, colours):
    """A dense layer; blocks of two norms, two 3x3 and one 1x1 convolution; a norm and a 3x3 convolution."""
    total = latent_dim * 16 * channels[0] + 16 * channels[0]
    for inputs, outputs in zip(channels, channels[1:], strict=False):
        total += 2 * inputs + 2 * outputs + convolution(inputs, outputs, 1)
        total += convolution(inputs, outputs, 3) + convolution(outputs, outputs, 3)
    return total + 2 * channels[-1] + convolution(channels[-1], colours, 3)


def weights_down(channels, sides, side, colours):
    """Blocks of two 3x3 convolutions, and a 1x1 one where channels or sides change; a dense layer."""
    total, inputs = channels[-1] + 1, colours
    for place, (outputs, now) in enumerate(zip(channels, sides, strict=True)):
        inner = outputs if place == 0 else inputs
        total += convolution(inputs, inner, 3) + convolution(inner, outputs, 3)
        total += convolution(inputs, outputs, 1) if now != side or inputs != outputs else 0
        inputs, side = outputs, now
    return total


@pytest.mark.parametrize("side", UP)
def test_channels_are_those_of_the_paper_s_tables(side):
    with torch.device("meta"):
        net = GANResNet(128, False, 0, "projection")
        g, d = net.generator(128, (3, side, side), 0), net.discriminator((3, side, side), 0)
        assert sum(p.numel() for p in g.parameters()) == weights_up(UP[side], 128, 3)
        assert sum(p.numel() for p in d.parameters()) == weights_down(*DOWN[side], side, 3)
        assert [block.convolutions[1].out_channels for block in g.blocks] == UP[side][1:]
        h, seen = torch.rand(2, 3, side, side), []
        for block in d.blocks:
            h = block(h)
            seen.append(h.shape[1:])
        assert seen == [(channels, size, size) for channels, size in zip(*DOWN[side], strict=True)]
        assert g(torch.rand(2, 128)).shape == (2, 3, side, side)


def test_the_pair_for_32_pixels_has_the_published_number_of_weights():
    with torch.device("meta"):
        net = GANResNet(128, False, 0, "projection")
        assert sum(p.numel() for p in net.generator(128, (3, 32, 32), 0).parameters()) == 4_276_739
        assert sum(p.numel() for p in net.discriminator((3, 32, 32), 0).parameters()) == 1_053_825


# ---- the blocks in the order of their paper ----------------------------------------------------------------------------


def up(x, block):
    """The shortcut doubles first, then convolves."""
    (one, two), (first, second) = block.norms, block.convolutions
    h = F.conv2d(F.interpolate(F.relu(one(x)), scale_factor=2), first.weight, first.bias, padding=1)
    h = F.conv2d(F.relu(two(h)), second.weight, second.bias, padding=1)
    return h + F.conv2d(F.interpolate(x, scale_factor=2), block.shortcut.weight, block.shortcut.bias)


def down(x, block, first, halves):
    """The shortcut convolves first, then averages, but for the first block."""
    one, two = block.convolutions
    h = F.conv2d(x if first else F.relu(x), one.weight, one.bias, padding=1)
    h = F.conv2d(F.relu(h), two.weight, two.bias, padding=1)
    same = isinstance(block.shortcut, nn.Identity)
    short = x if same else F.conv2d(x, block.shortcut.weight, block.shortcut.bias)
    return F.avg_pool2d(h, 2) + F.avg_pool2d(short, 2) if halves else h + short


@pytest.mark.parametrize("training", [True, False])
def test_it_is_the_network_of_its_paper(training):
    torch.manual_seed(0)
    net = GANResNet(4, False, 0, "projection")
    g, d = net.generator(5, (3, 32, 32), 0).double(), net.discriminator((3, 32, 32), 0).double()
    z = torch.randn(3, 5, dtype=torch.float64)
    h = F.linear(z, g.first.weight, g.first.bias).view(3, 8, 4, 4)
    g.train(training)
    for block in g.blocks:
        h = up(h, block)
    norm, _, last, _ = g.last
    x = torch.tanh(F.conv2d(F.relu(norm(h)), last.weight, last.bias, padding=1))
    torch.testing.assert_close(g(z), x, rtol=0, atol=1e-12)
    h = x
    for place, block in enumerate(d.blocks):
        h = down(h, block, place == 0, place < 2)
    assert [isinstance(block.shortcut, nn.Identity) for block in d.blocks] == [False, False, True, True]
    logit = F.linear(F.relu(h).sum((2, 3)), d.last.weight, d.last.bias)[:, 0]
    torch.testing.assert_close(d(x), logit, rtol=0, atol=1e-12)


def bound(weight, gain):
    """Glorot and Bengio's: of uniform numbers with variance 2 gain^2 / (inputs + outputs)."""
    field = math.prod(weight.shape[2:])
    return gain * math.sqrt(6 / (field * (weight.shape[0] + weight.shape[1])))


def test_it_begins_with_the_weights_of_the_authors_code():
    torch.manual_seed(0)
    net = GANResNet(32, False, 0, "projection")
    for made in (net.generator(50, (3, 32, 32), 4), net.discriminator((3, 32, 32), 4)):
        inner = [layer for block in made.blocks for layer in block.convolutions]
        layers = [layer for layer in made.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
        zero = [linear for norm in made.modules() if hasattr(norm, "gain") for linear in (norm.gain, norm.bias)]
        for layer in layers:
            if any(layer is one for one in zero):
                assert not layer.weight.any()
                continue
            limit = bound(layer.weight, math.sqrt(2) if any(layer is one for one in inner) else 1)
            assert 0.9 * limit < layer.weight.abs().max() <= limit
            assert layer.weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.2)
            assert layer.bias is None or not layer.bias.any()


def test_images_of_other_sides_lie_in_the_middle_of_black():
    torch.manual_seed(0)
    net, x = GANResNet(4, False, 0, "projection"), torch.rand(3, 1, 27, 30) * 2 - 1
    on_black = torch.full((3, 1, 32, 32), -1.0)
    on_black[:, :, 2:29, 1:31] = x
    small, large = net.discriminator((1, 27, 30), 0), net.discriminator((1, 32, 32), 0)
    large.load_state_dict(small.state_dict())
    torch.testing.assert_close(small(x), large(on_black))
    small, large, z = net.generator(5, (1, 27, 30), 0), net.generator(5, (1, 32, 32), 0), torch.randn(3, 5)
    large.load_state_dict(small.state_dict())
    torch.testing.assert_close(small(z), large(z)[:, :, 2:29, 1:31])


def test_the_variety_of_a_group_enters_before_the_last_block():
    net = GANResNet(4, False, 2, "projection").discriminator((1, 64, 64), 0)
    kinds = [type(block).__name__ for block in net.blocks]
    assert kinds == ["Down"] * 4 + ["MinibatchStd", "Down"]
    assert net.blocks[-1].convolutions[0].in_channels == 16 + 1
    assert net.blocks[-1].halves
