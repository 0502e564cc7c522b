"""How the networks of GANs take labels, and which of them look at a batch as a whole."""

import pytest
import torch
from torch import nn

from genlab.contracts import ConfigError
from genlab.models.base.execution import treats_images_alone
from genlab.nets.batch_mixing import mixes_batch
from genlab.nets.dcgan import DCGAN
from genlab.nets.gan_resnet import GANResNet
from genlab.nets.label_inputs import ConditionalBatchNorm

from gan_nets import FAMILIES, family, one_hot

SHAPES = [(1, 8, 8), (6, 9, 17), (2, 3, 5)]  # 6: two packed images of three channels
POINTS = [(2,), (10,)]


def built(name, condition, shape=(1, 8, 8), **options):
    torch.manual_seed(0)
    return (
        family(name, condition=condition or "projection", **options)
        .discriminator(shape, 3 if condition else 0)
        .double()
    )


def images(count=4, shape=(1, 8, 8)):
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("condition", [None, "embedding", "projection"])
@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for name in FAMILIES for shape in SHAPES + POINTS * (name == "mlp")]
)
def test_every_family_takes_labels_for_every_shape(name, shape, condition):
    torch.manual_seed(0)
    net, labels = family(name, "layer", True, 2, condition=condition), 3 if condition else 0
    y = torch.rand(4, labels) if labels else None
    g, d = net.generator(5, shape, labels), net.discriminator(shape, labels)
    fake = g(torch.randn(4, 5), y)
    assert fake.shape == (4, *shape)
    assert len(shape) == 1 or fake.abs().max() <= 1
    logit = d(fake, y)
    assert logit.shape == (4,)
    logit.sum().backward()
    unmoved = [key for module in (g, d) for key, weight in module.named_parameters() if weight.grad is None]
    assert not unmoved


@pytest.mark.parametrize("name", FAMILIES)
def test_without_labels_there_are_no_layers_for_them(name):
    net = family(name, spectral=True)
    plain, other = (family(name, spectral=True, condition=how) for how in ("projection", "embedding"))
    assert list(plain.discriminator((1, 8, 8), 0).state_dict()) == list(other.discriminator((1, 8, 8), 0).state_dict())
    assert net.generator(5, (1, 8, 8), 0)(torch.randn(2, 5)).shape == (2, 1, 8, 8)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_projection_is_a_product_of_an_embedded_label_and_the_features_before_the_last_layer(name):
    net, x, seen = built(name, "projection"), images(), {}
    last = net.last if name == "resnet" else net.layers[-1]
    last.register_forward_hook(lambda module, inputs, output: seen.update(h=inputs[0], logit=output.flatten()))
    y = torch.rand(4, 3, dtype=torch.float64)
    found = net(x, y)
    h = seen["h"] if seen["h"].ndim == 2 else seen["h"].sum((2, 3))
    expected = seen["logit"] + torch.einsum("bk,fk,bf->b", y, net.projection.linear.weight, h)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(net(x, 0 * y), seen["logit"])
    if name != "resnet":
        return
    torch.testing.assert_close(h, net.blocks(x).relu().sum((2, 3)))  # w h(x) of sums, not of means


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_an_embedded_label_is_one_more_plane_of_the_padded_image(name):
    net = built(name, "embedding", (2, 7, 5))
    x, y, seen = images(shape=(2, 7, 5)), one_hot([0, 1, 2, 1], 3), []
    first = net.blocks[0].convolutions[0] if name == "resnet" else net.layers[0]
    first.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    net(x, y)
    assert seen[0].shape == (4, 3, 8, 8)
    planes = net.plane.linear.weight.T.view(3, 8, 8)
    torch.testing.assert_close(seen[0][:, 2], planes[[0, 1, 2, 1]])
    torch.testing.assert_close(seen[0][:, :2, :7, 1:6], x)
    assert net.plane.linear.bias is None


def test_a_fully_connected_discriminator_has_the_label_beside_its_input():
    net, x, y = built("mlp", "embedding"), images(), one_hot([0, 1, 2, 1], 3)
    torch.testing.assert_close(net(x, y), net.layers(torch.cat([x.flatten(1), y], 1)).squeeze(1))


@pytest.mark.parametrize("name", ["dcgan", "mlp"])
def test_a_generator_has_the_label_beside_z(name):
    torch.manual_seed(0)
    net = family(name)
    g, wide = net.generator(5, (1, 8, 8), 3).eval(), net.generator(8, (1, 8, 8), 0).eval()
    wide.load_state_dict(g.state_dict())
    z, y = torch.randn(4, 5), one_hot([0, 1, 2, 1], 3).float()
    torch.testing.assert_close(g(z, y), wide(torch.cat([z, y], 1)))


def test_a_conditional_batch_norm_begins_as_a_plain_one_and_scales_by_label():
    torch.manual_seed(0)
    norm, plain = ConditionalBatchNorm(4, 3).double(), nn.BatchNorm2d(4).double()
    x, y = torch.randn(5, 4, 6, 6, dtype=torch.float64), one_hot([0, 1, 2, 1, 0], 3)
    torch.testing.assert_close(norm(x, y), plain(x))
    torch.testing.assert_close(norm.norm.running_var, plain.running_var)
    nn.init.normal_(norm.gain.weight)
    nn.init.normal_(norm.bias.weight)
    expected = torch.stack(
        [
            picture * (1 + norm.gain.weight[:, k, None, None]) + norm.bias.weight[:, k, None, None]
            for picture, k in zip(plain(x), y.argmax(1), strict=True)
        ]
    )
    torch.testing.assert_close(norm(x, y), expected)


def test_labels_of_a_residual_generator_enter_the_norms_of_its_blocks():
    torch.manual_seed(0)
    labelled, plain = (family("resnet").generator(5, (1, 8, 8), labels) for labels in (3, 0))
    kinds = [type(norm) for net in (labelled, plain) for block in net.blocks for norm in block.norms]
    assert kinds == [ConditionalBatchNorm] * 2 + [nn.BatchNorm2d] * 2
    z = torch.randn(4, 5)
    one, other = (one_hot([k] * 4, 3).float() for k in (0, 1))
    torch.testing.assert_close(labelled(z, one), labelled(z, other))  # at first
    nn.init.normal_(labelled.blocks[0].norms[1].gain.weight)
    assert not torch.allclose(labelled(z, one), labelled(z, other))


# ---- who looks at a batch ----------------------------------------------------------------------------------------------

MIXING = [
    ("dcgan", {"norm": "batch"}, True),
    ("dcgan", {"norm": "none"}, False),
    ("dcgan", {"norm": "instance"}, False),
    ("dcgan", {"norm": "layer"}, False),
    ("dcgan", {"norm": "none", "group": 2}, True),
    ("mlp", {}, False),
    ("mlp", {"group": 2}, True),
    ("resnet", {}, False),
    ("resnet", {"group": 2}, True),
    ("resnet", {"spectral": True}, False),
]


@pytest.mark.parametrize(("name", "options", "mixes"), MIXING)
def test_what_mixes_a_batch_is_known(name, options, mixes):
    """A batch norm and the variety of a group are seen by what the other images do to an image's logit."""
    net, x = built(name, None, (1, 16, 16), **options), images(4, (1, 16, 16))
    if options.get("spectral"):
        for part in net.modules():
            part.training = isinstance(part, nn.BatchNorm2d)  # its steps are not the batch's
    same = torch.allclose(net(x)[:2], net(torch.cat([x[:2], -x[2:]]))[:2], atol=1e-12)
    assert mixes_batch(net) == mixes == (not same)
    assert treats_images_alone(net) == (not mixes and not options.get("spectral"))


def test_generators_with_batch_norm_mix_a_batch():
    for name, labels in (("dcgan", 0), ("resnet", 0), ("resnet", 3)):
        assert mixes_batch(family(name).generator(5, (1, 8, 8), labels))
    assert not mixes_batch(family("mlp").generator(5, (1, 8, 8), 3))
    assert mixes_batch(nn.Sequential(nn.BatchNorm1d(3)))


# ---- what cannot be made -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_points_are_refused_with_what_takes_them(name):
    for build in (lambda: family(name).generator(5, (2,), 0), lambda: family(name).discriminator((2,), 0)):
        with pytest.raises(ConfigError, match=r"made for images.*\[2\]\n +Type: model/gan_net@model.net=mlp"):
            build()


def test_channels_without_end_are_refused_before_they_are_made():
    net, narrow = (DCGAN(width, "batch", False, 0, "projection") for width in (64, 32))
    with torch.device("meta"):
        for build in (lambda: net.generator(5, (3, 2048, 900), 0), lambda: net.discriminator((3, 2048, 900), 0)):
            with pytest.raises(ConfigError, match=r"900x2048 .* 2,147,483,648 weights\n +Type: model.net.width=32 or"):
                build()
        assert narrow.generator(5, (3, 2048, 900), 0)
        assert net.discriminator((3, 1024, 900), 0)
        assert GANResNet(128, False, 0, "projection").generator(5, (3, 2048, 900), 0)
