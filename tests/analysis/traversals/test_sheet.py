"""The page of a traversal: which words stand beside which images, where, and how large the images are."""

import numpy as np
import pytest
import torch

from genlab.analysis.traversals import sheet as page
from genlab.contracts import CodePart
from genlab.images import to_uint8

PARTS = (CodePart("class", 3, ("0", "sneaker", "an ankle boot of a very long name")), CodePart("style", 4))


def names(count):
    return [(part.title, first, last, names) for part, first, last, names in page.spans(PARTS, count)]


def test_dimensions_are_numbered_through_all_parts_and_named_where_they_have_a_name():
    classes = ["0", "1 sneaker", "2 an ankle boot of a…"]
    assert names(7) == [("class", 0, 3, classes), ("style", 3, 7, ["3", "4", "5", "6"])]
    assert names(4)[1] == ("style", 3, 4, ["3"])
    assert names(2) == [("class", 0, 2, classes[:2])]


def test_each_value_stands_above_its_column_in_the_units_of_z():
    words = page.header([-3.0, -1 / 3, 3.0], 50, 7, 42)
    assert [(x, y, text) for x, y, text, *_ in words] == [(50, 7, "−3.00"), (92, 7, "−0.33"), (134, 7, "3.00")]


@pytest.mark.parametrize(("size", "shown"), [((8, 8), (40, 40)), ((28, 40), (56, 80)), ((256, 512), (128, 256))])
def test_small_images_are_enlarged_by_a_whole_factor_and_large_ones_reduced(size, shown):
    x = torch.rand(2, 3, *size)
    found = page.fitted(x)
    assert found.shape[-2:] == shown
    if size[0] < shown[0]:
        times = shown[0] // size[0]
        assert torch.equal(found[..., ::times, ::times], x)
    else:
        assert float(found.mean()) == pytest.approx(float(x.mean()), abs=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_is_in_its_row_and_column_and_words_are_beside_them(channels, monkeypatch):
    """Each image has a shade of its own, and is found whole where its words say: the number 12 pixels below its top."""
    values, told = [-1.0, 0.0, 1.0], []
    shades = torch.arange(1, 5 * 3 + 1).view(-1, 1, 1, 1) / 16
    monkeypatch.setattr(page, "printed", lambda bands, words, high: told.extend(words) or printed(bands, words, high))
    sheet = to_uint8(page.traversal_sheet(shades.expand(-1, channels, 8, 8), "title", values, PARTS)).numpy()
    assert len(sheet) == channels
    places = {text: (x, y) for x, y, text, *_ in reversed(told)}
    for i, name in enumerate(["0", "1 sneaker", "2 an ankle boot of a…", "3", "4"]):
        for j, value in enumerate(["−1.00", "0.00", "1.00"]):
            top, left = places[name][1], places[value][0]
            assert (
                sheet[0, top - 12 : top + 28, left : left + 40] == to_uint8(shades[3 * i + j])[0, 0, 0].item()
            ).all()
        x, y = places[name]
        assert (sheet[0, y : y + 15, x : x + 12] < 160).any()  # there is ink
    heads = [y for _, y, text, *_ in told if text in ("class", "style")]
    assert heads == sorted(heads)
    assert places["2 an ankle boot of a…"][1] < heads[1] < places["3"][1]
    assert (np.asarray(sheet)[:, :20] == 255).all()  # a margin


printed = page.printed
