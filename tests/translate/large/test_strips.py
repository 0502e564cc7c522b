"""Strips give the result of the whole image, for every generator, norm and way up; tiles do not, and hold less."""

import itertools

import pytest
import torch
from torch import nn

from genlab.contracts import ConfigError
from genlab.models.base.masking import ColumnMasks
from genlab.nets.blocks import BatchNorm
from genlab.nets.gated_2_1_2d import Gated212D
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet
from genlab.translate.large.lazy_maps import Kept, Reflected
from genlab.translate.large.strips import InStrips
from genlab.translate.large.tiles import InTiles

FAMILIES = {"resnet": lambda *rest: ResNet(4, 2, 2, *rest), "unet": lambda *rest: UNet(2, 6, *rest)}
CASES = list(itertools.product(FAMILIES, ("instance", "batch", "alone", "none"), ("transposed", "nearest")))


def generator(family, norm, upsample, dropout=False):
    """In evaluation mode, with weights that keep the size of what passes, and running statistics that are not 0 and 1."""
    torch.manual_seed(0)
    net = FAMILIES[family]("batch" if norm == "alone" else norm, upsample, dropout).generator(3, 3).double().eval()
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0, (2 / layer.weight[0].numel()) ** 0.5)
        if isinstance(layer, BatchNorm):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            layer.alone = norm == "alone"
    return net


def image(height, width, rows=1):
    return torch.rand(rows, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("family", "norm", "upsample"), CASES)
@pytest.mark.parametrize("budget", [1, 10_000, 10**9], ids=["single rows", "strips", "at once"])
def test_the_result_is_that_of_the_whole_image(family, norm, upsample, budget):
    net, x = generator(family, norm, upsample), image(128, 64, rows=2)
    with torch.no_grad():
        whole = net(x)
    torch.testing.assert_close(InStrips(net, budget)(x), whole, rtol=0, atol=1e-10)
    assert whole.std() > 0.1


def test_a_generator_that_is_told_what_is_hidden_sees_everything():
    """Without a norm: an instance norm takes a mask that is the same everywhere out again."""
    family = ColumnMasks(0.5).family(ResNet(4, 2, 2, "none", "transposed", False))
    net, x = family.generator(3, 3).double().eval(), image(128, 64, rows=2)
    with torch.no_grad():
        whole = net(x)
    torch.testing.assert_close(InStrips(net, 10_000)(x), whole, rtol=0, atol=1e-10)


def test_a_network_of_one_height_is_given_all_of_it():
    net = Gated212D(2, 4, 1, 1, "none", "shuffle", False).of_height(40).generator(3, 3).double()
    with torch.no_grad():
        assert InTiles(net, 16, 4)(image(40, 100)).shape == (1, 3, 40, 100)
        assert torch.equal(InTiles(net, 64, 4)(image(40, 64)), net(image(40, 64)))
    with pytest.raises(ConfigError, match=r"GLU.*\n.*memory=direct"):
        InStrips(net)


def test_shares_of_the_work_are_told_and_make_one():
    net, x, told = generator("unet", "instance", "nearest"), image(64, 64), []
    InStrips(net, progress=told.append)(x)
    assert len(told) > 20
    assert sum(told) == pytest.approx(1)


@pytest.mark.parametrize("sides", [(64, 64), (64, 128)])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_smallest_sides_too(family, sides):
    net, x = generator(family, "batch", "transposed"), image(*sides)
    with torch.no_grad():
        torch.testing.assert_close(InStrips(net, 1)(x), net(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_draws_what_it_draws_without_strips(family):
    net, x = generator(family, "alone", "nearest", dropout=True), image(64, 64)
    for layer in net.modules():
        if isinstance(layer, nn.Dropout):
            layer.train()
    with torch.no_grad():
        torch.manual_seed(3)
        whole, other = net(x), net(x)
    torch.manual_seed(3)
    torch.testing.assert_close(InStrips(net, 2000)(x), whole, rtol=0, atol=1e-10)
    assert not torch.equal(whole, other)


def test_in_single_precision_it_is_far_below_a_grey_level():
    net, x = generator("resnet", "instance", "transposed").float(), image(128, 96).float()
    with torch.no_grad():
        assert (InStrips(net, 20_000)(x) - net(x)).abs().max() < 1e-4


def test_no_layer_at_the_resolution_of_the_image_is_held(monkeypatch):
    made = []
    monkeypatch.setattr(Kept, "__init__", watched(Kept.__init__, made))
    InStrips(generator("resnet", "instance", "transposed"), 1)(image(64, 64))
    assert {shape[1] for shape in made if shape[2] == 64} == {3}  # the image, and the result


def watched(init, made):
    """The constructor, noting the shape of what it is given."""

    def noting(self, tensor):
        made.append(tuple(tensor.shape))
        init(self, tensor)

    return noting


def test_reflection_by_rows_is_reflection_padding():
    layer, x = nn.ReflectionPad2d((1, 2, 3, 3)), image(4, 7)
    padded = Reflected(Kept(x), layer)
    for top, bottom in itertools.combinations(range(11), 2):
        assert torch.equal(padded.rows(top, bottom), layer(x)[:, :, top:bottom])


def test_layers_that_are_not_known_are_named():
    net = generator("resnet", "instance", "transposed")
    net.model.append(nn.Softplus())
    with pytest.raises(ConfigError, match=r"Softplus\n.*memory=direct"):
        InStrips(net)


def test_tiles_cover_every_pixel_and_fade_into_each_other():
    net = nn.Identity()
    net.multiple, net.smallest = 4, 8
    for height, width in ((40, 16), (17, 100), (16, 16), (33, 47)):
        x, told = image(height, width), []
        torch.testing.assert_close(InTiles(net, 16, 4, told.append)(x), x)
        assert sum(told) == pytest.approx(1)


def test_tiles_are_not_the_result_of_the_whole():
    net, x = generator("resnet", "instance", "transposed"), image(96, 96)
    x[..., :48] *= 0.1
    with torch.no_grad():
        tiled = InTiles(net, 48, 8)(x)
        assert tiled.shape == x.shape
        assert (tiled - net(x)).abs().max() > 1 / 255
