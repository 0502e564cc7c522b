"""Every corruption: known answers, images that stay in [0, 1], and noise that is a function of batch or index alone."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.config.files import Conf
from genlab.config.session import compose_alone
from genlab.contracts import ConfigError
from genlab.models.base.noise import ImageNoise, Noise
from genlab.models.corruptions.blur import Blur
from genlab.models.corruptions.downsample import Downsample
from genlab.models.corruptions.gaussian import Gaussian
from genlab.models.corruptions.hole import Hole
from genlab.models.corruptions.mask import Mask
from genlab.models.corruptions.salt_pepper import SaltPepper

CPU = torch.device("cpu")
ALL = {
    "mask": Mask(0.3),
    "gaussian": Gaussian(0.4),
    "salt_pepper": SaltPepper(0.3),
    "blur": Blur(1.2),
    "downsample": Downsample(4),
    "hole": Hole(0.25, "anywhere", 0.5),
}
DRAWING = ["mask", "gaussian", "salt_pepper", "hole"]
each = pytest.mark.parametrize("name", ALL)
drawing = pytest.mark.parametrize("name", DRAWING)


def train(batch=0, seed=0, rank=0, world=1):
    return Noise(seed, "train", batch, CPU, rank=rank, world=world)


def photos(count=4, channels=3, height=16, width=24):
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(5))


def test_every_file_in_conf_is_covered():
    assert set(ALL) == set(Conf().options("model/corruption"))
    for option, node in compose_alone(Conf(), *(f"model/corruption/{name}" for name in ALL)).items():
        assert node["_target_"].endswith(f".{type(ALL[option.rpartition('/')[2]]).__name__}")


@each
@pytest.mark.parametrize("noise", [train(), ImageNoise(torch.arange(4))], ids=["train", "evaluation"])
def test_images_keep_shape_type_and_range_and_the_clean_ones_are_not_touched(name, noise):
    x = photos()
    before = x.clone()
    for images in (x, x.double()):
        found = ALL[name](images, noise)
        assert (found.shape, found.dtype) == (images.shape, images.dtype)
        assert found.min() >= 0
        assert found.max() <= 1
        assert not torch.equal(found, images)
    assert torch.equal(x, before)


@drawing
def test_training_noise_differs_from_batch_to_batch_and_is_the_same_under_one_seed(name):
    x = photos()
    assert torch.equal(ALL[name](x, train(3)), ALL[name](x, train(3)))
    assert not torch.equal(ALL[name](x, train(3)), ALL[name](x, train(4)))
    assert not torch.equal(ALL[name](x, train(3)), ALL[name](x, train(3, seed=1)))


@drawing
def test_two_ranks_draw_together_what_one_would_draw_alone(name):
    x = photos()
    halves = [ALL[name](x[rank::2], train(rank=rank, world=2)) for rank in (0, 1)]
    assert torch.equal(torch.stack(halves, 1).flatten(0, 1), ALL[name](x, train()))


@each
def test_in_evaluation_an_image_looks_the_same_in_whatever_batch_it_is(name):
    x, index = photos(6), torch.tensor([7, 0, 900, 3, 20_000, 5])
    whole = ALL[name](x, ImageNoise(index))
    order = [4, 0, 2]
    torch.testing.assert_close(ALL[name](x[order], ImageNoise(index[order])), whole[order])
    one = ALL[name](x[:1].expand(2, -1, -1, -1), ImageNoise(index[:2]))
    assert torch.equal(one[0], one[1]) == (name not in DRAWING)


def test_a_mask_blackens_its_share_of_pixels_in_all_channels():
    x = torch.ones(50, 3, 20, 20)
    found = Mask(0.3)(x, train())
    assert set(found.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(found[:, 0], found[:, 1])
    assert float((found == 0).float().mean()) == pytest.approx(0.3, abs=0.02)
    assert torch.equal(Mask(0.0)(x, train()), x)


@pytest.mark.parametrize("noise", [train(), ImageNoise(torch.arange(200))], ids=["train", "evaluation"])
def test_gaussian_noise_has_the_standard_deviation_that_is_asked_for_and_is_clipped(noise):
    grey = torch.full((200, 1, 20, 20), 0.5)
    off = Gaussian(0.1)(grey, noise) - 0.5  # five standard deviations to the ends
    assert float(off.mean()) == pytest.approx(0, abs=0.002)
    assert float(off.std()) == pytest.approx(0.1, rel=0.01)
    assert float((off.abs() < 0.1).float().mean()) == pytest.approx(0.6827, abs=0.005)
    ends = Gaussian(10.0)(grey, noise)
    assert float((ends == 0).float().mean()) == pytest.approx(0.48, abs=0.01)
    assert float((ends == 1).float().mean()) == pytest.approx(0.48, abs=0.01)


def test_salt_and_pepper_are_equally_many():
    x = torch.full((50, 3, 20, 20), 0.5)
    found = SaltPepper(0.4)(x, train())
    shares = [float((found == level).float().mean()) for level in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.2, 0.6, 0.2], abs=0.02)
    assert torch.equal(found[:, 0], found[:, 2])
    assert torch.equal(SaltPepper(0.0)(x, train()), x)


def test_a_point_is_blurred_to_a_gaussian_and_an_even_image_stays():
    x = torch.zeros(1, 2, 31, 31, dtype=torch.float64)
    x[0, 0, 15, 15] = 1
    found = Blur(2.0)(x, train())[0]
    ratio = found[0, 15, 18] / found[0, 15, 15]
    assert float(ratio) == pytest.approx(math.exp(-0.5 * (3 / 2) ** 2))
    assert float(found[0].sum()) == pytest.approx(1)
    torch.testing.assert_close(found[0], found[0].T)
    assert not found[1].any()
    even = torch.full((1, 1, 4, 5), 0.3)  # smaller than the window
    torch.testing.assert_close(Blur(3.0)(even, train()), even)


def test_what_is_downsampled_has_lost_its_detail_and_kept_the_rest():
    even = torch.full((1, 1, 8, 8), 0.3)
    torch.testing.assert_close(Downsample(4)(even, train()), even)
    fine = (torch.arange(16) % 2).float().expand(1, 1, 16, 16)  # stripes of one pixel
    assert float((Downsample(4)(fine, train())[..., 4:-4] - 0.5).abs().max()) < 0.05


def test_low_resolution_is_pillows_bicubic_down_and_up():
    x = photos(1, 1, 24, 32) * 0.5 + 0.25  # nothing to clip
    image = Image.fromarray(x[0, 0].numpy())
    small = image.resize((8, 6), Image.Resampling.BICUBIC)
    expected = torch.from_numpy(np.asarray(small.resize((32, 24), Image.Resampling.BICUBIC)).copy())
    torch.testing.assert_close(Downsample(4)(x, train())[0, 0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.6])
def test_a_hole_is_one_square_of_the_share_and_of_one_grey(share):
    x = torch.zeros(40, 3, 20, 30)
    found = Hole(share, "anywhere", 0.5)(x, train())
    side, corners = round(math.sqrt(share * 600)), set()
    for image in found:
        rows, columns = (image[0] == 0.5).nonzero(as_tuple=True)
        assert len(rows) == side**2
        assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (side, side)
        assert torch.equal(image[0], image[2])
        corners.add((int(rows.min()), int(columns.min())))
    assert len(corners) > (5 if share < 0.5 else 1)


def test_holes_reach_every_place_and_that_of_the_centre_stays_there():
    x = torch.zeros(300, 1, 6, 6)
    found = Hole(0.1, "anywhere", 1.0)(x, train())  # 2x2
    assert torch.all(found.sum((0, 1)) > 0)
    centred = Hole(0.1, "centre", 1.0)(x, train())
    assert torch.equal(centred[7, 0].nonzero(), torch.tensor([[2, 2], [2, 3], [3, 2], [3, 3]]))
    assert torch.equal(centred[0], centred[299])


def test_a_factor_that_does_not_divide_and_a_hole_beyond_the_image_are_refused_with_what_fits():
    with pytest.raises(
        ConfigError, match=r"(?s)28x28 cannot be made 5 times smaller.*factor=2 or model.corruption.factor=4"
    ):
        Downsample(5).require((1, 28, 28))
    with pytest.raises(ConfigError, match=r"(?s)cannot be made 4 times smaller.*data.image_size"):
        Downsample(4).require((1, 13, 17))
    with pytest.raises(ConfigError, match=r"(?s)49x49 pixels is larger than the images of 80x40.*share=0.5"):
        Hole(0.75, "centre", 0.5).require((3, 40, 80))
    Hole(0.5, "centre", 0.5).require((3, 40, 80))
    Downsample(7).require((1, 28, 28))
