"""Where points land in a scatter, and what stays outside."""

import pytest
import torch

from genlab.images import GREY, ORANGE, beside_real, box_around, round_numbers, scatter

BOX = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])


def strongest(page):
    """Row and column of the pixel with the most colour: orange is lowest in blue."""
    place = page[2].argmin().item()
    return divmod(place, page.shape[-1])


@pytest.mark.parametrize(
    ("point", "place"), [((0.55, 0.55), (23, 78)), ((-0.55, 0.55), (23, 23)), ((0.55, -0.55), (78, 78))]
)
def test_x_goes_to_the_right_and_y_upwards(point, place):
    page = scatter([(torch.tensor([point]), ORANGE)], BOX, side=101)
    assert page.shape == (3, 101, 101)
    assert all(abs(a - b) <= 1 for a, b in zip(strongest(page), place, strict=True))
    assert page.min() >= 0
    assert page.max() <= 1


def test_points_outside_are_left_out_and_the_last_layer_is_on_top():
    empty = scatter([], BOX, side=101)
    assert torch.equal(scatter([(torch.tensor([[3.0, 0.0]]), ORANGE)], BOX, side=101), empty)
    many = torch.full((200, 2), 0.55)
    page = scatter([(many, GREY), (many, ORANGE)], BOX, side=101)
    torch.testing.assert_close(page[:, 23, 78], torch.tensor(ORANGE), atol=0.01, rtol=0)


def test_axes_are_those_of_the_real_points_whatever_is_generated():
    real = torch.tensor([[-1.0, 0.0], [1.0, 0.5]])
    box = box_around(real)
    assert (box[1] - box[0]).tolist() == pytest.approx([2.6, 2.6])
    none = beside_real(torch.empty(0, 2), real)
    assert torch.equal(beside_real(torch.full((5, 2), 50.0), real), none)


@pytest.mark.parametrize(("low", "high"), [(-1.3, 1.3), (-5.2, 5.2), (0.01, 0.02), (-300, 900)])
def test_lines_are_at_round_numbers_and_neither_few_nor_many(low, high):
    lines = round_numbers(low, high)
    assert 3 <= len(lines) <= 11
    assert low <= lines[0]
    assert lines[-1] <= high
