"""What is shown of samples: bars, pairs and copies stand where they belong."""

import numpy as np
import pytest
import torch

from genlab.analysis.base.variety import (
    birthday_rows,
    class_bars,
    class_rows,
    copy_page,
    copy_rows,
    pair_page,
    pair_rows,
)
from genlab.figures import Block, pixels
from genlab.metrics.memorisation import memorisation

CPU = torch.device("cpu")
IMAGES = torch.rand(60, 1, 7, 7, generator=torch.Generator().manual_seed(0))


def shown(monkeypatch):
    """The cells of every block that is drawn."""
    seen = []
    old = Block.__init__
    monkeypatch.setattr(Block, "__init__", lambda self, *given: (seen.append(given[1]), old(self, *given))[1])
    return seen


def test_bars_are_the_shares_and_marks_the_training_set():
    rows = class_rows(torch.tensor([6, 0, 2]), torch.tensor([50, 25, 25]))
    assert rows[0] == {"class": 0, "samples": 6, "share": 0.75, "wanted": 0.5}
    figure = class_bars(rows, ["zero", "one", "two"], "samples by class")
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [75, 0, 25]
    assert axes.collections[0].get_offsets()[:, 1].tolist() == [50, 25, 25]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["zero", "one", "two"]
    assert pixels(figure).shape == (300, 720, 3)


def test_of_a_thousand_classes_the_bars_fall():
    counts = torch.arange(1000) % 7
    (axes,) = class_bars(class_rows(counts, torch.ones(1000)), [""] * 1000, "").axes
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == sorted(heights, reverse=True)
    assert not axes.get_xticklabels()


def test_the_closest_pair_stands_first_side_by_side(monkeypatch):
    images = IMAGES.clone()
    images[41] = images[3]
    rows = pair_rows(images.flatten(1), 4, CPU)
    assert rows[0] == {"distance": 0, "first": 3, "second": 41}
    assert len(rows) == 4
    cells = shown(monkeypatch)
    pair_page(images, rows, "pairs")
    left, line, right = np.split(cells[0][0][0], [7, 8], axis=1)
    assert (line == 128).all()
    assert np.array_equal(left, right)
    assert np.array_equal(left[..., 0], (images[3, 0] * 255).round().numpy())


def test_a_copy_stands_above_its_training_image(monkeypatch):
    train, held_out, samples = IMAGES[:20], IMAGES[20:40], IMAGES[40:].clone()
    samples[13] = train[5] + 1e-4
    found = memorisation(samples.flatten(1), train.flatten(1), held_out.flatten(1), CPU)
    rows = copy_rows(found, 3)
    assert (rows[0]["sample"], rows[0]["training_image"], rows[0]["is_copy"]) == (13, 5, 1)
    cells = shown(monkeypatch)
    copy_page(samples, train[[int(row["training_image"]) for row in rows]], rows, "copies")
    above, _, below = np.split(cells[0][0][0].astype(int), [7, 8], axis=0)
    assert abs(above - below).max() <= 1
    assert cells[0][0][1].endswith(" copy")
    assert len(cells[0]) == 3


def test_the_birthday_test_of_few_items_tells_them_and_of_real_images_more():
    dice = torch.Generator().manual_seed(0)
    real = torch.randn(3000, 3, generator=dice)
    items = torch.randn(100, 3, generator=dice)
    samples = items[torch.randint(100, (3000,), generator=dice)]
    near, rows = birthday_rows(samples, real, [10, 20], CPU)
    assert near > 0
    assert [row["size"] for row in rows] == [10, 20]
    for row in rows:
        assert row["support"] == pytest.approx(100, rel=0.25)
        assert row["real_support"] > 5 * row["support"]
    assert rows[0]["real_share"] == pytest.approx(0.05, abs=0.01)
