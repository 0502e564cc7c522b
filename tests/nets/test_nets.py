"""Shapes for images of every size and depth, and the published parameter counts."""

import pytest
import torch

from genlab.nets.auto import Auto
from genlab.nets.conv import Conv
from genlab.nets.dcgan import DCGAN
from genlab.nets.gan_mlp import GANMLP
from genlab.nets.mlp import MLP

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 64, 64), (3, 50, 71), (2, 3, 5), (1, 33, 32)]
FAMILIES = {
    "mlp": MLP([40, 20], "relu"),
    "conv": Conv(8, 32, "silu", "group"),
    "conv_batch": Conv(8, 32, "silu", "batch"),
    "auto": Auto(MLP([40], "tanh"), Conv(8, 32, "relu", "none")),
}


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_autoencoder_networks_fit_any_image(family, shape):
    net = FAMILIES[family]
    x = torch.rand(2, *shape)
    assert net.encoder(shape, 7)(x).shape == (2, 7)
    assert net.decoder(5, shape)(torch.randn(2, 5)).shape == x.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_gan_networks_fit_any_image(shape):
    net = DCGAN(8)
    fake = net.generator(6, shape)(torch.randn(2, 6))
    assert fake.shape == (2, *shape)
    assert fake.abs().max() <= 1
    assert net.discriminator(shape)(fake).shape == (2,)


@pytest.mark.parametrize(
    ("shape", "generator", "discriminator"),
    [
        ((3, 64, 64), 3_576_704, 2_765_568),
        ((1, 64, 64), 3_574_656, 2_763_520),
        ((1, 28, 28), 1_066_880, 661_248),
        ((3, 32, 32), 1_068_928, 663_296),
    ],
)
def test_dcgan_has_the_published_number_of_parameters(shape, generator, discriminator):
    net = DCGAN(64)
    assert count(net.generator(100, shape)) == generator
    assert count(net.discriminator(shape)) == discriminator


def test_the_first_vae_network_is_784_400_20():
    net = MLP([400], "relu")
    assert count(net.encoder((1, 28, 28), 40)) == 784 * 400 + 400 + 400 * 40 + 40
    assert count(net.decoder(20, (1, 28, 28))) == 20 * 400 + 400 + 400 * 784 + 784


def test_auto_takes_the_small_network_for_small_grey_images_only():
    auto = Auto(MLP([4], "relu"), Conv(8, 16, "relu", "none"))
    kinds = {shape: type(auto.encoder(shape, 2)[0]).__name__ for shape in [(1, 28, 28), (3, 28, 28), (1, 64, 64)]}
    assert kinds == {(1, 28, 28): "Flatten", (3, 28, 28): "Conv2d", (1, 64, 64): "Conv2d"}


def test_group_norm_treats_each_image_alone():
    encoder = Conv(16, 64, "relu", "group").encoder((1, 16, 16), 3).train()
    x = torch.rand(4, 1, 16, 16)
    torch.testing.assert_close(encoder(x)[:2], encoder(x[:2]))


@pytest.mark.parametrize("shape", [*SHAPES, (2,), (5,)])
def test_fully_connected_gan_networks_fit_images_and_points(shape):
    net = GANMLP([30], [20, 10], "relu", "leaky_relu")
    fake = net.generator(6, shape)(100 * torch.randn(64, 6))
    assert fake.shape == (64, *shape)
    assert (fake.abs().max() <= 1) == (len(shape) == 3)  # images end in tanh, points anywhere
    assert net.discriminator(shape)(fake).shape == (64,)
