"""Samples of a mixture as what=modes tells of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.analysis.samples.points import found_of_points
from genlab.data.store.source import Modes
from genlab.figures import pixels

CENTRES = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32)


def subject(x):
    """A model that makes these points, [N, D]."""
    places = iter(range(0, len(x), 250))

    def sample(n, *, seed):
        start = next(places)
        return x[start : start + n]

    prepared = SimpleNamespace(points={"test": CENTRES.repeat(50, 0)[:, : x.shape[1]]})
    model = SimpleNamespace(sample=sample, needs=())
    return SimpleNamespace(model=model, seed=0, split="test", title="x", prepared=prepared)


def at(*counts, stray=0):
    """So many points on each centre, and strays that are no good nearest to the last."""
    x = torch.from_numpy(CENTRES).repeat_interleave(torch.tensor(counts), 0)
    return torch.cat([x, torch.tensor([[14.0, 14.0]]).expand(stray, 2)])


def test_modes_are_counted_and_strays_stand_at_the_nearest_but_are_no_good():
    found = found_of_points(subject(at(300, 100, 0, 0, stray=100)), Modes(CENTRES, 1.0), 500)
    assert [(row["samples"], row["good"], row["share"]) for row in found.rows] == [
        *[(300, 300, 0.75), (100, 100, 0.25), (0, 0, 0.0), (100, 0, 0.0)]
    ]
    assert found.metrics["test/modes"] == 2
    assert found.metrics["test/high_quality"] == pytest.approx(0.8)
    assert found.lines[0].startswith("2 of 4 modes; 80.0 % of 500 samples are good")
    assert "the fullest mode has 75.0 % of the good ones, the emptiest 0.0 % (alike: 25.0 %)" in found.lines[1]


def test_where_nothing_is_good_that_is_said():
    found = found_of_points(subject(at(0, 0, 0, 0, stray=60)), Modes(CENTRES, 1.0), 60)
    assert found.lines == (
        "0 of 4 modes; 0.0 % of 60 samples are good (within 3 sigma of a mode)",
        "no sample is good, so nothing is said of their shares",
    )


@pytest.mark.parametrize(("dimensions", "panels"), [(1, 2), (2, 2), (3, 1)])
def test_what_can_be_drawn_is_drawn(dimensions, panels):
    centres = np.eye(3, dtype=np.float32)[:, :dimensions]
    x = torch.from_numpy(centres).repeat(40, 1)
    given = subject(x)
    given.prepared.points["test"] = centres.repeat(20, 0)
    made = found_of_points(given, Modes(centres, 0.1), len(x)).picture
    assert len(made.axes) == panels
    assert pixels(made).std() > 5


def test_bars_are_the_good_samples_below_the_others():
    found = found_of_points(subject(at(30, 10, 0, 0, stray=20)), Modes(CENTRES, 1.0), 60)
    bars = found.picture.axes[-1].patches
    assert [(bar.get_y(), bar.get_height()) for bar in bars] == [
        *[(0, 30), (0, 10), (0, 0), (0, 0)],
        *[(30, 0), (10, 0), (0, 0), (0, 20)],
    ]
