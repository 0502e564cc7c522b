"""Shapes for images of every size and depth, and the published parameter counts."""

import pytest
import torch
from torch import nn

from genlab.nets.activation import activation
from genlab.nets.by_size import BySize
from genlab.nets.conv import Conv, CropTo, norm_layer
from genlab.nets.dcgan import DCGAN
from genlab.nets.gan_mlp import GANMLP
from genlab.nets.gated_mlp import GatedLinear, GatedMLP
from genlab.nets.mlp import MLP

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 64, 64), (3, 50, 71), (2, 3, 5), (1, 33, 32)]
FAMILIES = {
    "mlp": MLP([40, 20], "relu", "none", 0.0),
    "gated": GatedMLP([40, 20]),
    "conv": Conv(8, 32, "silu", "group"),
    "conv_batch": Conv(8, 32, "silu", "batch"),
    "auto": BySize(MLP([40], "tanh", "none", 0.0), Conv(8, 32, "relu", "none")),
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
    net = DCGAN(8, "batch", False, 0, "projection")
    fake = net.generator(6, shape, 0)(torch.randn(2, 6))
    assert fake.shape == (2, *shape)
    assert fake.abs().max() <= 1
    assert net.discriminator(shape, 0)(fake).shape == (2,)


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
    net = DCGAN(64, "batch", False, 0, "projection")
    assert count(net.generator(100, shape, 0)) == generator
    assert count(net.discriminator(shape, 0)) == discriminator


def test_the_first_vae_network_is_784_400_20():
    net = MLP([400], "relu", "none", 0.0)
    assert count(net.encoder((1, 28, 28), 40)) == 784 * 400 + 400 + 400 * 40 + 40
    assert count(net.decoder(20, (1, 28, 28))) == 20 * 400 + 400 + 400 * 784 + 784


def test_auto_takes_the_small_network_for_small_grey_images_only():
    auto = BySize(MLP([4], "relu", "none", 0.0), Conv(8, 16, "relu", "none"))
    small, large = [(1, 28, 28), (1, 32, 32), (1, 16, 64)], [(3, 28, 28), (1, 33, 32), (1, 64, 64)]
    assert [type(auto.encoder(shape, 2)[0]).__name__ for shape in small] == ["Flatten"] * 3
    assert [type(auto.encoder(shape, 2)[0]).__name__ for shape in large] == ["Conv2d"] * 3
    assert [type(auto.decoder(2, shape)[-1]).__name__ for shape in small] == ["Unflatten"] * 3
    assert [type(auto.decoder(2, shape)[-1]).__name__ for shape in large] == ["CropTo"] * 3


def test_group_norm_treats_each_image_alone():
    encoder = Conv(16, 64, "relu", "group").encoder((1, 16, 16), 3).train()
    x = torch.rand(4, 1, 16, 16)
    torch.testing.assert_close(encoder(x)[:2], encoder(x[:2]))


@pytest.mark.parametrize("shape", [*SHAPES, (2,), (5,)])
def test_fully_connected_gan_networks_fit_images_and_points(shape):
    net = GANMLP([30], [20, 10], "relu", "leaky_relu", False, 0, "projection")
    fake = net.generator(6, shape, 0)(100 * torch.randn(64, 6))
    assert fake.shape == (64, *shape)
    assert (fake.abs().max() <= 1) == (len(shape) == 3)  # images end in tanh, points anywhere
    assert net.discriminator(shape, 0)(fake).shape == (64,)


# ---- the networks of DCGAN, layer by layer ----------------------------------------------------------------------------


def paper_generator(latent_dim, channels, width):
    """Radford et al., 2015, figure 1 and section 3: 4 -> 8 -> 16 -> 32 -> 64 pixels."""
    layers, widths = [nn.ConvTranspose2d(latent_dim, 8 * width, 4, bias=False)], [8, 4, 2, 1]
    for i, k in enumerate(widths):
        layers += [nn.BatchNorm2d(k * width), nn.ReLU()]
        out = widths[i + 1] * width if k > 1 else channels
        layers += [nn.ConvTranspose2d(k * width, out, 4, stride=2, padding=1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def paper_discriminator(channels, width):
    """Its mirror image: no batch norm on the first layer, leaky slopes of 0.2."""
    layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2)]
    for k in (1, 2, 4):
        layers += [nn.Conv2d(k * width, 2 * k * width, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(2 * k * width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, bias=False), nn.Flatten(0))


def filled_from(theirs, ours):
    """The restated network with our weights, in the order of its layers."""
    weights = list(ours.state_dict().values())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), weights, strict=True)))
    return theirs.double()


@pytest.mark.parametrize("training", [True, False])
def test_dcgan_is_the_network_of_its_paper(training):
    torch.manual_seed(0)
    net = DCGAN(4, "batch", False, 0, "projection")
    g, d = (
        made.double().train(training) for made in (net.generator(5, (3, 64, 64), 0), net.discriminator((3, 64, 64), 0))
    )
    theirs_g = filled_from(paper_generator(5, 3, 4), g).train(training)
    theirs_d = filled_from(paper_discriminator(3, 4), d).train(training)
    z = torch.randn(3, 5, dtype=torch.float64)
    x = torch.rand(3, 3, 64, 64, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(g(z), theirs_g(z[:, :, None, None]), rtol=0, atol=1e-12)
    torch.testing.assert_close(d(x), theirs_d(x), rtol=0, atol=1e-12)


def test_dcgan_begins_with_the_paper_s_weights():
    torch.manual_seed(0)
    net = DCGAN(32, "batch", False, 0, "projection")
    for module in (*net.generator(50, (3, 64, 64), 0).modules(), *net.discriminator((3, 64, 64), 0).modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
            assert abs(module.weight.mean().item()) < 0.002
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.5)
            assert not module.bias.any()


def test_images_of_other_sides_lie_in_the_middle_of_black():
    torch.manual_seed(0)
    net, x = DCGAN(4, "batch", False, 0, "projection"), torch.rand(3, 1, 27, 30) * 2 - 1
    on_black = torch.full((3, 1, 32, 32), -1.0)
    on_black[:, :, 2:29, 1:31] = x
    small, large = net.discriminator((1, 27, 30), 0).eval(), net.discriminator((1, 32, 32), 0).eval()
    large.load_state_dict(small.state_dict())
    torch.testing.assert_close(small(x), large(on_black))
    small, large, z = (
        net.generator(5, (1, 27, 30), 0).eval(),
        net.generator(5, (1, 32, 32), 0).eval(),
        torch.randn(3, 5),
    )
    large.load_state_dict(small.state_dict())
    torch.testing.assert_close(small(z), large(z)[:, :, 2:29, 1:31])


# ---- fully connected and convolutional ones ----------------------------------------------------------------------------


def widths(net, kind=nn.Linear):
    """Inputs and outputs of the layers of a kind, in their order."""
    return [(layer.weight.shape[1], layer.weight.shape[0]) for layer in net.modules() if isinstance(layer, kind)]


def test_hidden_layers_have_the_widths_that_are_given_the_decoder_s_in_reverse():
    net = MLP([40, 20], "relu", "none", 0.0)
    assert widths(net.encoder((1, 8, 8), 3)) == [(64, 40), (40, 20), (20, 3)]
    assert widths(net.decoder(3, (1, 8, 8))) == [(3, 20), (20, 40), (40, 64)]
    gan = GANMLP([30, 10], [20, 15], "relu", "leaky_relu", False, 0, "projection")
    assert widths(gan.generator(6, (1, 8, 8), 0)) == [(6, 30), (30, 10), (10, 64)]
    assert widths(gan.discriminator((1, 8, 8), 0)) == [(64, 20), (20, 15), (15, 1)]
    assert [type(m) for m in gan.generator(6, (2,), 0).modules() if "ReLU" in type(m).__name__] == [nn.ReLU] * 2
    assert [type(m) for m in gan.discriminator((2,), 0).modules() if "ReLU" in type(m).__name__] == [nn.LeakyReLU] * 2


def test_convolutions_double_their_width_with_each_halving_up_to_the_widest():
    net = Conv(8, 20, "relu", "batch")
    encoder, decoder = net.encoder((3, 64, 40), 7), net.decoder(5, (3, 64, 40))
    assert widths(encoder, nn.Conv2d) == [(3, 8), (8, 16), (16, 20), (20, 20)]
    assert widths(encoder) == [(20 * 4 * 3, 7)]
    assert [layer.weight.shape[:2] for layer in decoder if isinstance(layer, nn.ConvTranspose2d)] == [
        (20, 20),
        (20, 16),
        (16, 8),
        (8, 3),
    ]
    for family in (encoder, decoder):
        assert [layer.num_features for layer in family if isinstance(layer, nn.BatchNorm2d)] in (
            [8, 16, 20, 20],
            [20, 20, 16, 8],
        )
    assert isinstance(encoder[-1], nn.Linear)
    assert isinstance(decoder[-1], CropTo)  # no activation at either end


def test_group_norm_has_groups_of_sixteen_channels():
    assert [norm_layer("group", channels).num_groups for channels in (16, 32, 64, 8, 40)] == [1, 2, 4, 1, 1]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("relu", lambda x: x.clamp(min=0)),
        ("leaky_relu", lambda x: torch.where(x > 0, x, 0.01 * x)),
        ("tanh", torch.tanh),
        ("gelu", lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5))),
        ("silu", lambda x: x * torch.sigmoid(x)),
        ("softplus", lambda x: torch.log1p(torch.exp(x))),
    ],
)
def test_an_activation_is_the_function_of_its_name(name, function):
    x = torch.linspace(-4, 4, 41, dtype=torch.float64)
    torch.testing.assert_close(activation(name)(x), function(x))


@pytest.mark.parametrize(("norm", "layer"), [("batch", torch.nn.BatchNorm1d), ("layer", torch.nn.LayerNorm)])
def test_an_mlp_has_its_norm_and_dropout_behind_every_hidden_layer_and_none_behind_the_last(norm, layer):
    for net in (
        MLP([7, 6], "relu", norm, 0.5).encoder((1, 4, 4), 3),
        MLP([7, 6], "relu", norm, 0.5).decoder(3, (1, 4, 4)),
    ):
        kinds = [type(part) for part in net if not isinstance(part, torch.nn.Flatten | torch.nn.Unflatten)]
        hidden = [torch.nn.Linear, layer, torch.nn.ReLU, torch.nn.Dropout]
        assert kinds == [*hidden, *hidden, torch.nn.Linear]
        assert {part.p for part in net if isinstance(part, torch.nn.Dropout)} == {0.5}


def test_a_gated_layer_multiplies_a_linear_map_by_the_sigmoid_of_another():
    layer, x = GatedLinear(5, 3), torch.randn(4, 5)
    weight, bias = layer.both.weight, layer.both.bias
    expected = (x @ weight[:3].T + bias[:3]) * (x @ weight[3:].T + bias[3:]).sigmoid()
    torch.testing.assert_close(layer(x), expected)
    last = GatedMLP([40, 20]).encoder((1, 8, 8), 7)[-1]
    assert isinstance(last, nn.Linear)  # a code is not gated
