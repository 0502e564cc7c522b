"""Images of any size through networks that take only some, and what is refused."""

import pytest
import torch

from genlab.contracts import ConfigError, DataError, Domains, Pairs, Translates
from genlab.images import signed, unsigned
from genlab.models.base.pool import ImagePool
from genlab.models.base.translation import translate_any_size
from genlab.nets.blocks import mirrored
from genlab.nets.patchgan import PatchGAN, PixelGAN
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet

import parity
from parity import noise, spec
from stepping import play, stepping


def cyclegan(side=32, channels=3, d=None):
    torch.manual_seed(0)
    nets = ResNet(4, 1, 2, "instance", "transposed", False), d or PatchGAN(4, 2, "instance")
    return parity.cyclegan(*nets, spec("domains", side, channels))


def pix2pix(side=32, channels=3, dropout=True):
    torch.manual_seed(0)
    nets = UNet(4, 5, "batch", "nearest", dropout), PixelGAN(4, "batch")
    return parity.pix2pix(*nets, spec("pairs", side, channels), loss="hinge")


def test_mirrored_is_reflection_padding_and_goes_on_where_that_ends():
    x = torch.rand(1, 1, 5, 5)
    padded = torch.nn.functional.pad(x, (3, 4, 2, 1), mode="reflect")
    assert torch.equal(x[:, :, mirrored(5, 2, 1)][..., mirrored(5, 3, 4)], padded)
    assert mirrored(3, 2, 6).tolist() == [2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert mirrored(1, 2, 2).tolist() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 9), (32, 32), (33, 40), (100, 31)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("build", [cyclegan, pix2pix])
def test_any_size_comes_back_in_its_own(build, channels, size):
    model = build(channels=channels)
    assert isinstance(model, Translates)
    model.train()
    x = torch.rand(2, channels, *size)
    y = model.translate(x, "AtoB")
    assert y.shape == x.shape
    assert 0 <= y.min() <= y.max() <= 1
    assert torch.equal(y, model.translate(x, "AtoB"))
    assert model.training
    assert not y.requires_grad


def test_where_the_size_fits_nothing_is_added():
    model = cyclegan()
    x = torch.rand(1, 3, 36, 44)
    for direction, net in (("AtoB", model.generator_AtoB), ("BtoA", model.generator_BtoA)):
        assert torch.equal(model.translate(x, direction), unsigned(net(signed(x))).clamp(0, 1).detach())


def test_padding_is_cut_off_where_it_was_put():
    """A network that gives the image back gives it back whatever its size."""

    def same(x):
        return x

    same.multiple, same.smallest = 8, 16
    x = torch.rand(2, 3, 13, 21)
    torch.testing.assert_close(translate_any_size(same, x), x)


def test_wrong_channels_and_directions_are_told():
    with pytest.raises(DataError, match="trained on images of 3 channels; these have 1"):
        cyclegan().translate(torch.rand(1, 1, 32, 32), "AtoB")
    with pytest.raises(ConfigError, match="direction=AtoB or direction=BtoA"):
        cyclegan().translate(torch.rand(1, 3, 32, 32), "BtoC")


def test_differences_are_told_in_pixels_between_0_and_1():
    a, b = torch.rand(2, 3, 3, 32, 32, dtype=torch.float64)
    index = torch.arange(3)

    def apart(x, y):
        return (x - y).abs().mean((1, 2, 3))

    model = cyclegan().double().eval()
    with torch.no_grad():
        told = model.evaluation_terms(Domains(a, b, index, index), noise(0))
    there = {"AtoB": model.translate(a, "AtoB"), "BtoA": model.translate(b, "BtoA")}
    expected = {
        "cycle_l1_AtoB": apart(model.translate(there["AtoB"], "BtoA"), a),
        "cycle_l1_BtoA": apart(model.translate(there["BtoA"], "AtoB"), b),
        "identity_l1_AtoB": apart(model.translate(b, "AtoB"), b),
        "identity_l1_BtoA": apart(model.translate(a, "BtoA"), a),
    }
    for name, value in expected.items():
        torch.testing.assert_close(told[name], value, msg=name)
    paired = pix2pix(dropout=False).double().eval()
    with torch.no_grad():
        told = paired.evaluation_terms(Pairs(a, b, index), noise(0))
    torch.testing.assert_close(told["l1"], apart(paired.translate(a, "AtoB"), b))


@pytest.mark.parametrize(("build", "side"), [(cyclegan, 30), (pix2pix, 44), (pix2pix, 16)])
def test_sides_that_do_not_fit_are_refused_before_training(build, side):
    with pytest.raises(ConfigError, match=rf"images of {side}x{side} do not fit.*\n.*data.crop_size=32"):
        build(side)


def test_images_too_small_for_the_discriminator_are_refused():
    with pytest.raises(ConfigError, match="at least 24"):
        cyclegan(20, d=PatchGAN(4, 3, "instance"))


def test_images_of_many_sizes_train_one_by_one_and_share_a_pool():
    model = stepping(cyclegan().double())
    model.memory = {"a": ImagePool(2), "b": ImagePool(2)}
    for number, (height, width) in enumerate([(32, 32), (36, 44), (24, 60), (40, 40), (28, 32), (32, 48)]):
        a, b = torch.rand(2, 1, 3, height, width, dtype=torch.float64)
        terms = play(model, (Domains(a, b[..., :24], torch.zeros(1), torch.zeros(1)), noise(number)))
        assert all(value.isfinite().all() for value in terms.values())
    assert len({tuple(image.shape) for image in model.memory["a"].images}) == 2
