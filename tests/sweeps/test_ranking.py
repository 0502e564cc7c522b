"""Cells folded from runs, their order, and the line that names the best."""

import pytest

from genlab.sweeps.ranking import best_line, fold, rank

from sweeping import HIGH, LOW, grid, run


def numbers(rows, goal):
    return [cell.number for cell in rank(fold(rows), goal)]


def test_a_cell_is_the_mean_of_its_seeds_and_their_standard_deviation_with_n_minus_1():
    rows = [run(4, result, replicate=i, model__beta=2.0) for i, result in enumerate([-10.0, -12.0, -17.0])]
    (cell,) = fold(rows[::-1])
    assert cell.mean("val/elbo") == pytest.approx(-13.0)
    assert cell.std("val/elbo") == pytest.approx(13**0.5)  # (9 + 1 + 16) / 2
    assert [row.replicate for row in cell.runs] == [0, 1, 2]


def test_only_finished_seeds_count_and_one_seed_has_no_spread():
    rows = [run(0, -10.0), run(0, -99.0, "interrupted", 1), run(0, float("nan"), replicate=2)]
    (cell,) = fold(rows)
    assert (cell.mean("val/elbo"), cell.std("val/elbo")) == (-10.0, None)
    assert cell.state == "finished 2, interrupted 1"


@pytest.mark.parametrize(("goal", "order"), [(HIGH, [1, 0, 2]), (LOW, [2, 0, 1])])
def test_best_comes_first_whichever_end_is_good(goal, order):
    rows = [run(0, -10.0), run(1, -5.0), run(2, -20.0)]
    assert numbers(rows, goal) == order


def test_equal_cells_keep_their_order_and_cells_without_a_result_come_last():
    rows = [run(0, state="failed"), run(3, -5.0), run(2, -5.0), run(1, -1.0, "pruned"), run(4, float("nan"))]
    assert numbers(rows, HIGH) == [2, 3, 0, 1, 4]
    assert numbers(rows, None) == [0, 1, 2, 3, 4]


def test_the_best_line_says_result_values_as_typed_and_how_far_the_next_is():
    line = best_line(grid(seeds=2), HIGH)
    result = "cell 0 of 6: val/elbo -12.50 ± 0.71 (2 seeds)"
    assert line == f"best      {result} with model.beta=1 model.latent_dim=2; next is cell 1, 6.00 lower"
    assert best_line(grid(), LOW).endswith(
        "val/elbo -48.00 with model.beta=4 model.latent_dim=8; next is cell 4, 6.00 higher"
    )


def test_the_best_line_says_when_the_next_is_no_worse_than_seeds_make():
    rows = [run(0, -10.0), run(0, -14.0, replicate=1), run(1, -11.0), run(1, -14.0, replicate=1)]
    assert best_line(rows, HIGH).endswith("next is cell 1, 0.50 lower, within the spread of seeds")


@pytest.mark.parametrize(
    ("rows", "goal", "words"),
    [
        ([run(0, -1.0), run(1, -1.0)], HIGH, "cell 1 is equal"),
        ([run(0, -1.0)], HIGH, "no other has a result"),
        (
            [run(0, state="failed"), run(1, -3.0, "pruned")],
            HIGH,
            "best      0 of 2 cells finished, and none has val/elbo",
        ),
        ([run(0, -1.0)], None, "1 of 1 cell finished; the sweep names no metric, so none is the best"),
    ],
)
def test_the_best_line_of_odd_sweeps(rows, goal, words):
    assert words in best_line(rows, goal)
