"""Pictures: grey levels, files, grids; where points land, and what stays outside."""

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.contracts import DataError
from genlab.images import (
    beside_real,
    enlarged,
    from_uint8,
    grid,
    rounded,
    save_png,
    sheet,
    signed,
    to_uint8,
    unsigned,
)

CORNERS = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_number_becomes_the_nearest_grey_level(dtype):
    levels = torch.arange(256, dtype=dtype)
    for off in (-0.49, -0.3, 0.0, 0.3, 0.49):
        assert to_uint8((levels + off) / 255).tolist() == list(range(256))
        assert torch.equal(rounded((levels + off) / 255), levels.float() / 255)
    assert torch.equal(from_uint8(levels.to(torch.uint8), dtype), levels / 255)
    assert to_uint8(torch.tensor([-0.4, -1.0, 1.002, 7.0], dtype=dtype)).tolist() == [0, 0, 255, 255]


def test_a_png_holds_the_nearest_grey_levels(tmp_path):
    levels = torch.arange(256).reshape(1, 16, 16)
    for off in (-0.4, 0.4):
        path = save_png((levels + off) / 255, tmp_path / "grey.png")
        assert np.array_equal(np.asarray(Image.open(path)), levels[0].numpy())
    colours = torch.stack([levels[0], levels[0].T, 255 - levels[0]])
    path = save_png((colours + 0.4) / 255, tmp_path / "colour.png")
    assert np.array_equal(np.asarray(Image.open(path)), colours.permute(1, 2, 0).numpy())


def test_the_doors_of_a_network_that_ends_in_tanh():
    assert signed(torch.tensor([0.0, 0.25, 1.0])).tolist() == [-1, -0.5, 1]
    assert unsigned(torch.tensor([-1.0, -0.5, 1.0])).tolist() == [0, 0.25, 1]


def test_a_grid_goes_row_by_row_on_a_white_page():
    images = torch.arange(5.0)[:, None, None, None].expand(5, 1, 2, 3) / 10
    page = grid(images, columns=3, gap=1)
    assert page.shape == (1, 2 * 3 + 1, 3 * 4 + 1)
    assert [[round(v, 1) for v in row] for row in page[0, 1::3, 1::4].tolist()] == [[0, 0.1, 0.2], [0.3, 0.4, 1]]
    assert page[0, ::3].eq(1).all()
    assert page[0, :, ::4].eq(1).all()
    assert torch.equal(enlarged(images[1], 7), images[1].repeat_interleave(3, 1).repeat_interleave(3, 2))


def strongest(page):
    """Row and column of the pixel with the most colour: orange is lowest in blue."""
    place = page[2].argmin().item()
    return divmod(place, page.shape[-1])


@pytest.mark.parametrize("x", [-0.55, 0.55])
@pytest.mark.parametrize("y", [-0.55, 0.55])
def test_x_goes_to_the_right_and_y_upwards(x, y):
    page = beside_real(torch.tensor([[x, y]]).repeat(50, 1), CORNERS)
    assert page.shape == (3, 600, 600)
    assert (page.min() >= 0, page.max()) == (True, 1)
    row, column = strongest(page)
    assert (column > 318, row < 288) == (x > 0, y > 0)  # the middle of the axes


def test_generated_points_are_orange_on_top_of_grey_ones():
    page = beside_real(torch.zeros(200, 2), torch.cat([CORNERS, torch.zeros(500, 2)]))
    row, column = strongest(page)
    assert (page[:, row, column] * 255).tolist() == pytest.approx([0xDB, 0x4D, 0x1A], abs=20)


def test_axes_are_those_of_the_real_points_whatever_is_generated():
    none = beside_real(torch.empty(0, 2), CORNERS)
    assert torch.equal(beside_real(torch.full((5, 2), 50.0), CORNERS), none)
    assert not torch.equal(beside_real(torch.zeros(5, 2), CORNERS), none)


def test_every_grey_level_comes_back_and_what_lies_between_goes_to_the_nearest():
    levels = torch.arange(256) / 255
    for shift in (-0.49, 0.0, 0.49):
        assert to_uint8(levels + shift / 255).tolist() == list(range(256))
    assert to_uint8(torch.tensor([-0.5, 1.5])).tolist() == [0, 255]
    assert torch.equal(rounded(levels + 0.4 / 255), levels)
    torch.testing.assert_close(unsigned(signed(levels)), levels)
    assert (signed(levels).min(), signed(levels).max()) == (-1, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_written_as_it_is_and_nothing_lies_beside_it(channels, tmp_path):
    image = torch.randint(256, (channels, 5, 7)) / 255
    path = save_png(image, tmp_path / "new" / "a.png")
    read = torch.from_numpy(np.array(Image.open(path))).reshape(5, 7, channels).permute(2, 0, 1) / 255
    assert torch.equal(read, image)
    assert list(path.parent.iterdir()) == [path]


def test_a_grid_goes_row_by_row_on_white_with_a_gap_around_each():
    images = torch.arange(5.0)[:, None, None, None].expand(5, 1, 2, 3) / 10
    page = grid(images, columns=2, gap=1)
    assert page.shape == (1, 3 * 3 + 1, 2 * 4 + 1)
    assert page[0, 1::3, 1::4].tolist() == [
        [0.0, pytest.approx(0.1)],
        [pytest.approx(0.2), pytest.approx(0.3)],
        [pytest.approx(0.4), 1.0],
    ]
    assert (page[0, ::3] == 1).all()
    assert (page[0, :, ::4] == 1).all()
    assert grid(images).shape[1:] == (2 * 4 + 2, 3 * 5 + 2)  # as square as possible: 2 rows of 3


def test_small_images_are_enlarged_pixel_by_pixel():
    image = torch.rand(1, 3, 5)
    large = enlarged(image, at_least=12)
    assert large.shape == (1, 9, 15)
    assert torch.equal(large[:, 1::3, 1::3], image)
    assert torch.equal(enlarged(image, at_least=5), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_is_the_enlarged_grid_as_a_picture(channels):
    images = torch.randint(256, (5, channels, 4, 6)) / 255
    shown = np.asarray(sheet(images, 3)).reshape(*sheet(images, 3).size[::-1], channels)
    assert np.array_equal(shown, to_uint8(enlarged(grid(images, 3))).permute(1, 2, 0).numpy())
    assert sheet(images[:4]).size == sheet(images[:4], 2).size


def middle(page, level):
    """Row and column of the middle of the area of one grey level, and its size in pixels."""
    area = np.argwhere((page == level).all(-1))
    return (*area.mean(0), len(area))


@pytest.mark.parametrize("channels", [1, 3])
def test_captions_stand_below_images_that_stay_as_they_are(channels):
    images = torch.zeros(3, channels, 24, 24)
    images[1], images[2] = 0.4, 0.8
    bare, page = (np.asarray(sheet(images, 2, captions)) for captions in (["", "", ""], ["", "WWW", ""]))
    for level in (0, 102, 204):
        assert middle(bare, level)[2] == pytest.approx(96 * 96, rel=0.03)  # enlarged four times
    (row, column, _), (lower, left, _) = middle(page, 102), middle(page, 204)
    assert row + 96 < lower  # the second image is in the first row, the third in the next, below the first
    assert left + 96 < column
    words = np.argwhere((page < 100).any(-1) & (page > 0).any(-1))  # ink, on white
    assert (words[:, 0] > row + 48).all()
    assert (abs(words[:, 1] - column) < 50).all()


def test_a_sheet_of_what_are_no_images_is_refused():
    with pytest.raises(DataError, match=r"images \[B, C, H, W\] with 1 or 3 channels, not \[1, 28, 28\]"):
        sheet(torch.zeros(1, 28, 28))
    with pytest.raises(DataError, match="not .2, 5, 8, 8."):
        sheet(torch.zeros(2, 5, 8, 8))
    with pytest.raises(DataError, match="2 captions for 3 images"):
        sheet(torch.zeros(3, 1, 8, 8), captions=["a", "b"])
