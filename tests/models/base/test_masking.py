"""Columns of images that are hidden, and generators that are told which."""

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from genlab.images import signed
from genlab.models.base.masking import ColumnMasks, Masked, hidden
from genlab.models.base.translation import translate_any_size, with_generators
from genlab.nets.gated_2_1_2d import Gated212D
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet

from parity import images, noise

SIDE = 16


def even(count):
    """Numbers that lie evenly in [0, 1)."""
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


@pytest.mark.parametrize(
    ("columns", "largest", "most"), [(8, 0.5, 4), (9, 0.5, 4), (8, 1.0, 8), (8, 0.1, 0), (64, 0.5, 32)]
)
def test_every_number_of_columns_up_to_the_largest_is_as_likely(columns, largest, most):
    draws = torch.stack([even(most + 1), torch.full((most + 1,), 0.3, dtype=torch.float64)], 1)
    assert hidden(columns, largest, draws).sum(1).tolist() == list(range(most + 1))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_every_place_where_they_fit_is_as_likely(count):
    """From the first column to the last."""
    places = 8 - count + 1
    draws = torch.stack([torch.full((places,), (count + 0.5) / 9, dtype=torch.float64), even(places)], 1)
    expected = [[start <= column < start + count for column in range(8)] for start in range(places)]
    assert hidden(8, 1.0, draws).tolist() == expected


def test_the_ends_of_the_draws_stay_inside():
    """Also where the numbers are short: rounding up would hide one column too many, or beyond the edge."""
    for dtype in (torch.float64, torch.float32):
        last = 1 - torch.finfo(dtype).eps / 2
        draws = torch.tensor([[0.0, 0.0], [last, last], [last, 0.0], [0.0, last]], dtype=dtype)
        for columns in range(1, 200):
            assert hidden(columns, 1.0, draws).sum(1).tolist() == [0, columns, columns, 0]


def test_what_is_hidden_is_grey_and_the_mask_says_so():
    x = signed(images(0, "a", 40, SIDE)) + 5  # nowhere 0
    both = ColumnMasks(0.5).hide(x, noise(0), "a")
    assert both.shape == (40, 4, SIDE, SIDE)
    shown, mask = both[:, :3], both[:, 3:]
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(mask, mask[:, :, :1].expand_as(mask))  # whole columns
    assert torch.equal(shown, torch.where(mask == 1, x, 0.0))
    widths = Counter((1 - mask[:, 0, 0]).sum(1).int().tolist())
    assert set(widths) <= set(range(SIDE // 2 + 1))
    assert len(widths) > 5


def test_masks_depend_on_the_noise_and_the_purpose_alone_and_differ_by_image():
    x, masks = torch.ones(30, 1, 4, SIDE, dtype=torch.float64), ColumnMasks(0.5)
    first = masks.hide(x, noise(0), "a")
    assert torch.equal(first, masks.hide(x, noise(0), "a"))
    assert not torch.equal(first, masks.hide(x, noise(0), "b"))
    assert not torch.equal(first, masks.hide(x, noise(1), "a"))
    assert len({tuple(row) for row in first[:, 1, 0].tolist()}) > 10


def test_two_ranks_hide_what_one_process_hides():
    x, masks = torch.ones(8, 1, 4, SIDE, dtype=torch.float64), ColumnMasks(0.5)
    whole = masks.hide(x, noise(0), "a")
    for rank in (0, 1):
        own = noise(0).__class__(**{**vars(noise(0)), "rank": rank, "world": 2})
        assert torch.equal(masks.hide(x[:4], own, "a"), whole[rank::2])


def test_without_masks_nothing_changes():
    x, none = images(0, "a", 2, SIDE), ColumnMasks(0.0)
    family = SimpleNamespace()
    assert none.hide(x, noise(0), "a") is x
    assert none.whole(x) is x
    assert none.family(family) is family


def net(inputs=3, outputs=3):
    """Without a norm: an instance norm takes a mask that is the same everywhere out again."""
    torch.manual_seed(0)
    return ColumnMasks(0.5).family(ResNet(4, 1, 2, "none", "transposed", False)).generator(inputs, outputs).double()


def test_an_image_without_a_mask_is_seen_as_a_whole():
    made, x = net(outputs=1), signed(images(0, "a", 2, SIDE))
    assert isinstance(made, Masked)
    assert made.net.model[1].in_channels == 4
    assert torch.equal(made(x), made(ColumnMasks(0.5).whole(x)))
    assert torch.equal(made(x), made.net(torch.cat([x, torch.ones(2, 1, SIDE, SIDE)], 1)))
    assert not torch.equal(made(x), made.net(torch.cat([x, torch.zeros(2, 1, SIDE, SIDE)], 1)))
    assert made(x).shape == (2, 1, SIDE, SIDE)


@pytest.mark.parametrize(("family", "sees"), [("resnet", False), ("gated", True), ("unet", True)])
def test_a_mask_that_is_the_same_everywhere_is_nothing_to_a_resnet_with_a_norm(family, sees):
    """A constant channel adds a constant, unless zeros lie around it; where columns are hidden every network sees it."""
    torch.manual_seed(0)
    nets = {
        "resnet": ResNet(4, 1, 2, "instance", "transposed", False),
        "gated": Gated212D(4, 6, 1, 2, "instance", "shuffle", False).of_height(32),
        "unet": UNet(4, 5, "instance", "transposed", False),
    }
    made, x = nets[family].generator(2, 1).double(), signed(images(0, "a", 2, 32, 1))
    ones = torch.ones_like(x)
    some = torch.where(torch.arange(32) < 10, 0.0, ones)
    of_ones, of_zeros, of_some = (made(torch.cat([x, mask], 1)) for mask in (ones, 0 * ones, some))
    assert ((of_ones - of_zeros).abs().max() > 1e-3) == sees
    assert (of_ones - of_some).abs().max() > 1e-3


def test_its_limits_are_those_of_the_network_and_any_size_is_translated():
    made = net()
    assert (made.multiple, made.smallest, made.height) == (4, 8, None)
    tall = ColumnMasks(0.5).family(Gated212D(2, 4, 1, 2, "instance", "shuffle", False).of_height(12)).generator(1, 1)
    assert (tall.multiple, tall.smallest, tall.height) == (4, 8, 12)
    for size in ((1, 1), (7, 30), (16, 16)):
        x = torch.rand(1, 3, *size, dtype=torch.float64)
        assert translate_any_size(made, x).shape == x.shape
    assert translate_any_size(tall, torch.rand(1, 1, 12, 31)).shape == (1, 1, 12, 31)


def test_a_generator_within_another_is_not_replaced_by_itself():
    model, seen = nn.ModuleDict({"g": net(), "h": nn.Identity()}), []
    own = model["g"]

    def other(found):
        seen.append(found)
        return nn.Identity()

    with with_generators(model, other):
        assert isinstance(model["g"], nn.Identity)
    assert seen == [own]
    assert model["g"] is own
