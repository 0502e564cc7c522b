"""The networks of pix2pix and CycleGAN: exact parameter counts, the patch that a logit sees, any channels and sides."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from genlab.contracts import DataError
from genlab.nets.blocks import BatchNorm, InstanceNorm, ReflectionPad, dead_biases, groups
from genlab.nets.patchgan import PatchGAN, PixelGAN
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def resnet(blocks=9, norm="instance", width=64, upsample="transposed", dropout=False, num_downs=2):
    return ResNet(width, blocks, num_downs, norm, upsample, dropout)


def unet(num_downs=8, norm="batch", width=64, upsample="transposed", dropout=True):
    return UNet(width, num_downs, norm, upsample, dropout)


@pytest.mark.parametrize(
    ("build", "count", "tensors"),
    [
        (lambda: resnet(9).generator(3, 3), 11_378_179, 48),
        (lambda: resnet(6).generator(3, 3), 7_837_699, 36),
        (lambda: resnet(9, "batch").generator(3, 3), 11_383_427, None),
        (lambda: resnet(9).generator(1, 1), 11_365_633, None),
        (lambda: unet(8).generator(3, 3), 54_413_955, 43),
        (lambda: unet(7).generator(3, 3), 41_828_995, 37),
        (lambda: unet(8, "instance").generator(3, 3), 54_409_603, None),
        (lambda: unet(7, "instance").generator(3, 3), 41_825_667, None),
        (lambda: PatchGAN(64, 3, "instance").discriminator(3), 2_764_737, 10),
        (lambda: PatchGAN(64, 3, "batch").discriminator(6), 2_768_705, 13),
        (lambda: PatchGAN(64, 3, "batch").discriminator(3), 2_765_633, None),
        (lambda: PatchGAN(64, 3, "instance").discriminator(1), 2_762_689, None),
        (lambda: PatchGAN(64, 1, "instance").discriminator(3), 136_385, None),
        (lambda: PatchGAN(64, 2, "instance").discriminator(3), 662_977, None),
        (lambda: PatchGAN(64, 4, "instance").discriminator(3), 6_959_553, None),
        (lambda: PatchGAN(64, 5, "instance").discriminator(3), 11_154_369, None),
        (lambda: PixelGAN(64, "instance").discriminator(3), 8_705, None),
        (lambda: PixelGAN(64, "batch").discriminator(6), 9_024, None),
        (lambda: PixelGAN(64, "batch").discriminator(3), 8_832, None),
        (lambda: PixelGAN(64, "instance").discriminator(6), 8_897, None),
    ],
)
def test_parameter_counts_are_the_reference_s(build, count, tensors):
    with torch.device("meta"):
        net = build()
    assert parameters(net) == count
    assert tensors is None or len(list(net.parameters())) == tensors


@pytest.mark.parametrize(("layers", "field", "side"), [(1, 16, 126), (2, 34, 62), (3, 70, 30), (4, 142, 14)])
def test_the_patch_that_one_logit_sees(layers, field, side):
    """By the gradient of one logit in the middle with respect to the image; without a norm, which looks everywhere."""
    net = PatchGAN(2, layers, "none").discriminator(1).double()
    x = torch.randn(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    scores = net(x)
    assert scores.shape == (1, 1, side, side)
    scores[0, 0, side // 2, side // 2].backward()
    for across in ((0, 1, 2), (0, 1, 3)):
        seen = x.grad.abs().sum(across).nonzero()
        assert int(seen.max() - seen.min()) + 1 == field


@pytest.mark.parametrize("upsample", ["transposed", "nearest"])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("channels", [(1, 1), (3, 1), (2, 5)])
def test_generators_take_any_channels_and_sides_that_are_multiples(norm, upsample, channels):
    inputs, outputs = channels
    nets = {
        (16, 24): resnet(2, norm, 4, upsample).generator(inputs, outputs),
        (32, 64): unet(5, norm, 2, upsample).generator(inputs, outputs),
    }
    for (height, width), net in nets.items():
        y = net(torch.rand(2, inputs, height, width))
        assert y.shape == (2, outputs, height, width)
        assert y.abs().max() <= 1


@pytest.mark.parametrize("net", [resnet(1, width=2).generator(1, 1), unet(5, width=2).generator(1, 1)])
def test_other_sides_are_refused_with_the_words_to_type(net):
    with pytest.raises(DataError, match=rf"multiples of {net.multiple}, not 34x32.*data.crop_size=32"):
        net(torch.rand(1, 1, 32, 34))


def test_weights_have_the_names_of_the_reference_s():
    """So that its files can be read: the same containers, the same places in them."""
    resnet_places = [1, 4, 7, *(f"{i}.conv_block.{j}" for i in range(10, 19) for j in (1, 5)), 19, 22, 26]
    deep = "model.model.1" + ".model.3" * 6
    with torch.device("meta"):
        assert weights(resnet(9).generator(3, 3)) == [f"model.{place}.weight" for place in resnet_places]
        assert weights(PatchGAN(64, 3, "instance").discriminator(3)) == [f"model.{i}.weight" for i in (0, 2, 5, 8, 11)]
        assert weights(PixelGAN(64, "instance").discriminator(3)) == [f"net.{i}.weight" for i in (0, 2, 5)]
        net = unet(8).generator(3, 3)
    assert {"model.model.0.weight", "model.model.3.bias", f"{deep}.model.1.weight", f"{deep}.model.4.weight"} <= {
        name for name, _ in net.named_parameters()
    }
    assert "model.model.1.model.2.running_var" in net.state_dict()


def weights(net):
    return [name for name, _ in net.named_parameters() if name.endswith("weight")]


def test_the_smallest_sides_that_are_promised_work():
    for net in (resnet(1, width=2).generator(1, 1), unet(5, width=2).generator(1, 1)):
        assert net(torch.rand(1, 1, net.smallest, net.smallest)).shape[-1] == net.smallest
    for layers in (1, 2, 3):
        net = PatchGAN(2, layers, "instance").discriminator(1)
        assert net(torch.rand(1, 1, net.smallest, net.smallest)).numel() == 1


def test_dropout_lies_where_the_port_has_it():
    """Above the innermost level, in num_downs - 5 levels; after the norm in the first half of a residual block."""
    net = unet(8, width=2).generator(3, 3)
    depths = [name.count("model") for name, module in net.named_modules() if isinstance(module, nn.Dropout)]
    innermost = max(name.count("model") for name, module in net.named_modules() if isinstance(module, nn.Conv2d))
    assert sorted(depths) == [innermost - 3, innermost - 2, innermost - 1]
    assert not any(isinstance(m, nn.Dropout) for m in unet(8, width=2, dropout=False).generator(3, 3).modules())
    block = resnet(1, width=2, dropout=True).generator(3, 3).model[10].conv_block
    assert isinstance(block[4], nn.Dropout)


def test_first_weights():
    torch.manual_seed(0)
    for net in (
        resnet(1, "batch", 48).generator(3, 3),
        unet(5, width=32).generator(3, 3),
        PatchGAN(48, 3, "batch").discriminator(6),
    ):
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
                assert module.bias is None or not module.bias.any()
            if isinstance(module, BatchNorm):
                assert module.weight.mean().item() == pytest.approx(1.0, abs=0.01)
                assert module.eps == 1e-5


def test_batch_norm_of_single_images_is_batch_norm_of_batches_of_one():
    norm = BatchNorm(3).train()
    x = torch.randn(4, 3, 5, 5)
    expected = torch.cat([norm(image) for image in x.split(1)])
    kept = norm.running_mean.clone()
    norm.alone = True
    for mode in (True, False):
        assert torch.equal(norm.train(mode)(x), expected)
    assert torch.equal(norm.running_mean, kept)


ORDERS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("order_of_gradient", ORDERS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("size", [1, 2])
def test_instance_norm_is_its_formula_in_either_memory_order(size, grouped, order, order_of_gradient):
    dice = torch.Generator().manual_seed(size)
    x, gradient = torch.randn(2, size, 4, 6, 5, generator=dice, dtype=torch.float64)
    expected = x.clone().requires_grad_()
    centred = expected - expected.mean((2, 3), keepdim=True)
    (centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt() * gradient).sum().backward()
    norm, own = InstanceNorm(4), x.contiguous(memory_format=order).requires_grad_()
    norm.grouped = grouped
    norm(own).backward(gradient.contiguous(memory_format=order_of_gradient))
    torch.testing.assert_close(own.grad, expected.grad, rtol=0, atol=1e-12)


def test_an_instance_norm_groups_by_its_device_unless_it_is_told():
    where = [torch.device(kind) for kind in ("cpu", "mps", "cuda")]
    assert [[groups(asked, device) for device in where] for asked in ("auto", True, False)] == [
        [True, True, False],
        [True] * 3,
        [False] * 3,
    ]


@pytest.fixture
def deterministic():
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_deterministic_reflection_padding_has_the_bits_and_the_gradient_of_the_usual_one(deterministic):
    for padding in (1, 3, (1, 2, 3, 0)):
        x, usual = torch.randn(2, 3, 6, 5), torch.nn.ReflectionPad2d(padding)
        one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        with Operations() as seen:
            made, expected = ReflectionPad(padding)(one), usual(other)
        assert seen.names == ["index_select", "index_select", "reflection_pad2d"]
        assert torch.equal(made, expected)
        made.square().sum().backward()
        expected.square().sum().backward()
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-6, atol=0)


def test_without_that_wish_padding_is_one_operation():
    with Operations() as seen:
        ReflectionPad(1)(torch.rand(1, 1, 3, 3))
    assert seen.names == ["reflection_pad2d"]


class Operations(TorchDispatchMode):
    """The names of what is computed from images."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        self.names += [name] if name in ("index_select", "reflection_pad2d") else []
        return function(*args, **(kwargs or {}))


def test_dead_biases_are_those_in_front_of_an_instance_norm():
    """52 of a CycleGAN's 116 tensors with nine blocks: 5,248 numbers in each generator, 896 in each discriminator."""
    g, d = resnet(9).generator(3, 3), PatchGAN(64, 3, "instance").discriminator(3)
    for net, tensors, numbers in ((g, 23, 5248), (d, 3, 896)):
        named = dict(net.named_parameters())
        assert len(dead_biases(net)) == tensors
        assert sum(named[name].numel() for name in dead_biases(net)) == numbers
    assert dead_biases(resnet(2, "batch", 4).generator(3, 3)) == []
    net = resnet(1, width=2).generator(1, 1).double()
    x = torch.rand(1, 1, 16, 16, dtype=torch.float64)
    (net(x) - 0.3).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert (parameter.grad.abs().max() < 1e-12) == (name in dead_biases(net)), name
