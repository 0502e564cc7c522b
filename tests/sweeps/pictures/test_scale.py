"""Where values lie on an axis."""

import random

import pytest

from genlab.sweeps.pictures.scale import Scale

DRAW = random.Random(0)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 4, 8], "log"),
        ([1, 2, 3, 4], "linear"),
        ([1e-5, 1e-2], "log"),
        ([8, 64], "linear"),
        ([0, 0.1, 1, 10], "steps"),
        ([0, 1, 2, 3], "linear"),
        ([-3, 1, 10, 100], "steps"),
        (["adam", "sgd"], "steps"),
        ([True, False], "steps"),
        ([None, 1.0], "steps"),
        ([10 ** DRAW.uniform(-5, -2) for _ in range(12)], "log"),
        (list(range(1, 101)), "linear"),
        ([DRAW.uniform(0.001, 1) for _ in range(50)], "linear"),
        ([10 ** DRAW.uniform(-5, -1) for _ in range(50)], "log"),
    ],
)
def test_an_axis_is_logarithmic_where_values_lie_more_evenly_so(values, kind):
    assert Scale.of(values).kind == kind


def test_places_go_from_0_to_1():
    assert [Scale.of([1, 10, 100]).place(v) for v in (1, 10, 100)] == pytest.approx([0, 0.5, 1])
    assert [Scale.of([3, 1, 2]).place(v) for v in (1, 2, 3)] == [0, 0.5, 1]
    assert [Scale.of(["b", "a", "c"]).place(v) for v in "bac"] == [0, 0.5, 1]
    assert Scale.of([7, 7]).place(7) == 0.5


def test_few_values_each_have_a_tick_and_many_have_round_ones():
    assert Scale.of([0.25, 1, 4]).ticks() == [(0.0, "0.25"), (0.5, "1"), (1.0, "4")]
    many = Scale.of([10 ** (-4 + i / 10) for i in range(31)])
    assert [text for _, text in many.ticks()] == ["0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1"]
    assert [text for _, text in many.ticks(coarse=1)] == ["0.0001", "0.001", "0.01", "0.1"]
    assert [text for _, text in Scale.of([i / 10 for i in range(31)]).ticks()] == ["0", "1", "2", "3"]
