"""No words in a picture touch each other or leave the page, however long names and however many cells there are."""

import itertools

import pytest
from matplotlib.text import Text

from genlab.sweeps.pictures.choice import pictures
from genlab.sweeps.pictures.page import Swept

from sweeping import HIGH, grid, run, scattered

LONG = "a_metric_with_a_name_of_many_words/that_goes_on"


def longwinded():
    """A grid of long words and a metric with a long name."""
    nets = [
        "genlab.nets.mlp.AVeryLongNameOfANet",
        "conv",
        "resnet_with_nine_blocks",
        "u",
        "somewhat_longer_than_a_tick",
    ]
    cells = enumerate(itertools.product(nets, range(1000000, 1000012)))
    return [
        run(i, None, metrics={LONG: 1e-7 * i}, model__the_network_of_the_encoder=n, model__width=w)
        for i, (n, w) in cells
    ]


SWEEPS = {
    "grid": (grid(seeds=3), "grid", HIGH),
    "many cells": (grid(betas=[0.1 * 1.3**i for i in range(16)], latents=range(2, 18, 2)), "grid", HIGH),
    "curves": (grid(betas=(0.25, 0.5, 1, 2, 4), latents=(2, 4, 8, 16)), "grid", HIGH),
    "one parameter": (grid(latents=(2,), seeds=2), "grid", HIGH),
    "search": (scattered(50, 5), "bayes", HIGH),
    "search of many": (scattered(20, 10), "random", HIGH),
    "two drawn": (scattered(30, 2), "random", HIGH),
    "long names": (longwinded(), "grid", (LONG, "minimize")),
    "equal": ([run(i, -1.0, model__beta=b) for i, b in enumerate((0, 1, 10))], "grid", HIGH),
}


def boxes(figure, monkeypatch):
    """The words that are drawn, and where they stand, in pixels."""
    texts, draw = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda self, renderer: texts.append(self) or draw(self, renderer))
    figure.draw_without_rendering()
    monkeypatch.setattr(Text, "draw", draw)
    return [(text.get_text(), text.get_window_extent()) for text in dict.fromkeys(texts) if text.get_text().strip()]


def overlap(a, b, slack=1.0):
    return a.x0 + slack < b.x1 and b.x0 + slack < a.x1 and a.y0 + slack < b.y1 and b.y0 + slack < a.y1


@pytest.mark.parametrize("name", SWEEPS)
def test_no_words_touch_or_leave_the_page(name, monkeypatch):
    rows, method, goal = SWEEPS[name]
    keys = list(rows[0].values)
    swept = Swept(keys, method, "a_sweep", 784, {key: 1 / len(keys) for key in keys})
    for picture in pictures(rows, goal, swept):
        figure = picture.draw()
        found = boxes(figure, monkeypatch)
        for (a, first), (b, second) in itertools.combinations(found, 2):
            assert not overlap(first, second), f"{picture.name}: {a!r} and {b!r}"
        width, height = figure.bbox.width, figure.bbox.height
        for text, box in found:
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, (
                f"{picture.name}: {text!r} {box}"
            )
