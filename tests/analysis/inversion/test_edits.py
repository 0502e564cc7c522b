"""Ways through the codes, and the sheets on which they are seen."""

import math

import pytest
import torch

from genlab.analysis.inversion import edits
from genlab.analysis.inversion.descent import Descent, inversion
from genlab.analysis.inversion.edits import along, between, difference, images_along, rows, sheet
from genlab.figures import pixels

from linear_generator import Linear


def test_a_way_between_two_z_is_an_arc_of_a_circle():
    way = between(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0]), 5)
    angles = torch.linspace(0, math.pi / 2, 5)
    torch.testing.assert_close(way, 3 * torch.stack([angles.cos(), angles.sin()], 1))


def test_its_length_changes_evenly_and_its_ends_are_the_two():
    a, b = torch.randn(2, 40, generator=torch.Generator().manual_seed(0))
    way = between(a, 2 * b, 7)
    torch.testing.assert_close(way[0], a)
    torch.testing.assert_close(way[-1], 2 * b)
    torch.testing.assert_close(way.norm(dim=1).diff(), ((2 * b).norm() - a.norm()).expand(6) / 6, atol=1e-4, rtol=0)


@pytest.mark.parametrize("factor", [2.0, -1.0, 1.0])
def test_two_z_on_a_line_through_the_middle_are_joined_by_it(factor):
    a = torch.tensor([1.0, 2.0, -1.0])
    torch.testing.assert_close(between(a, factor * a, 3)[1], (1 + factor) / 2 * a)
    assert between(a, factor * a, 3).isfinite().all()


def test_a_direction_is_gone_along_to_both_sides_in_standard_deviations_of_z():
    way = along(torch.tensor([1.0, 1.0]), torch.tensor([0.0, 5.0]), 2.0, 3)
    torch.testing.assert_close(way, torch.tensor([[1.0, -1.0], [1.0, 1.0], [1.0, 3.0]]))


def test_the_direction_of_an_attribute_is_the_difference_of_means():
    z, has = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 5.0]]), torch.tensor([False, False, True])
    torch.testing.assert_close(difference(z, has), torch.tensor([0.0, 5.0]))
    for same in (has | True, has & False):
        with pytest.raises(ValueError, match="with the attribute and codes without"):
            difference(z, same)


def test_the_images_of_ways_are_in_rows():
    model = Linear()
    ways = torch.stack([between(*model.draw(2, seed=seed), 4) for seed in (0, 1)])
    made = images_along(model, ways)
    assert made.shape == (8, 1, 4, 4)
    torch.testing.assert_close(made[5], model.decode(ways[1, 1][None])[0].float())
    model = Linear(needs=("classes",))
    made = images_along(model, ways, label=torch.tensor([0, 1]))
    torch.testing.assert_close(made[5], model.decode(ways[1, 1][None], label=torch.tensor([1]))[0].float())


def test_a_sheet_and_its_rows_tell_of_every_image_and_method():
    model = Linear()
    z = model.draw(3, seed=5)
    x = model.decode(z)
    found = {"descent": Descent(200, 0.3, 1, 0.01, 8)(model, x, 0), "nothing": inversion(model, x, 0 * z)}
    table = rows(found)
    assert [(row["image"], row["method"]) for row in table] == [(i, name) for name in found for i in range(3)]
    assert all(row["psnr"] > 40 for row in table[:3])
    assert all(row["length"] == 0 and row["nats"] is None for row in table[3:])
    assert table[1]["nats"] == pytest.approx(float(found["descent"].curve[-1, 1]))
    wide = pixels(sheet("inverted", x, found))
    assert wide.shape[1] > 3 * 90
    assert wide.std() > 10


def test_of_many_images_a_sheet_shows_the_first_and_says_so(monkeypatch):
    """A page of 700 would be wider than any figure may be, once all of them have been inverted."""
    shown = []
    monkeypatch.setattr(edits, "page", lambda title, blocks: shown.extend(blocks))
    model = Linear()
    for count, heading in ((16, "images"), (40, "images: the first 16 of 40")):
        shown.clear()
        z = model.draw(count, seed=5)
        x = model.decode(z)
        found = {"a way": inversion(model, x, z + torch.arange(count)[:, None])}
        sheet("inverted", x, found)
        assert [(len(block.cells), block.across) for block in shown] == [(16, 16), (16, 16)]
        assert shown[0].title == heading
        assert shown[1].title == f"a way   {found['a way'].psnr.mean():.1f} dB on average"
