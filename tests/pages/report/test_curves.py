"""Rows as curves: what is thinned keeps its mean and its extremes; best and last are of all values."""

import numpy as np
import pytest

import run_folders
from genlab.pages.report.curves import KNOTS, evenly, marks, names, read_curves, thinned


@pytest.fixture
def read(tmp_path):
    """The curves of rows."""

    def curves(rows):
        run_folders.write_rows(tmp_path, rows)
        return read_curves(tmp_path / "metrics.csv")

    return curves


def test_each_column_is_a_curve_of_its_own_steps(read):
    curves, faults = read(
        [{"step": 5, "train/loss": 3.0}, {"step": 10, "val/mse": 0.5}, {"step": 15, "train/loss": 1.0}]
    )
    assert curves.series == {"train/loss": [(5, 3.0), (15, 1.0)], "val/mse": [(10, 0.5)]}
    assert curves.last == {"train/loss": 1.0, "val/mse": 0.5}
    assert list(curves.drawn) == ["train/loss"]
    assert curves.clock[0] == [5, 0.5, 100, 1.0]
    assert not faults


def test_standard_errors_are_no_curves_of_their_own(read):
    curves, _ = read([{"step": step, "val/fid": 9.0, "val/fid_se": 0.1} for step in (1, 2)])
    assert list(curves.drawn) == ["val/fid"]


def test_rows_that_are_cut_and_values_that_are_not_finite_are_left_out_and_said(tmp_path, read):
    read([{"step": 1, "a": 1.0, "b": 2.0}, {"step": 2, "a": "nan", "b": 3.0}, {"step": 3, "a": "inf", "b": "oops"}])
    path = tmp_path / "metrics.csv"
    path.write_text(path.read_text() + "4,0.4,80")
    curves, faults = read_curves(path)
    assert curves.series == {"a": [(1, 1.0)], "b": [(1, 2.0), (2, 3.0)]}
    assert faults == [
        "metrics.csv: left out 2 rows, cut or with what is no number",
        "metrics.csv: left out 1 value, not finite",
    ]


@pytest.mark.parametrize("content", ["", "\0\0\0", "nonsense\n1\n"])
def test_a_file_that_is_something_else_is_said(content, tmp_path):
    (tmp_path / "metrics.csv").write_text(content)
    curves, faults = read_curves(tmp_path / "metrics.csv")
    assert not curves.series
    assert faults == ["metrics.csv has no column of steps"]


def test_a_run_without_rows_has_no_curves(tmp_path):
    assert read_curves(tmp_path / "metrics.csv")[1] == []


def test_a_thinned_curve_keeps_the_mean_the_extremes_and_the_end():
    dice = np.random.default_rng(0)
    points = [(step, float(value)) for step, value in enumerate(dice.normal(size=1000))]
    values = np.array([value for _, value in points])
    found = thinned(points, 50)
    assert [len(column) for column in found.values()] == [50] * 4
    assert found["s"][-1] == 999
    assert np.mean(found["v"]) == pytest.approx(values.mean(), abs=1e-5)
    assert min(found["lo"]) == pytest.approx(values.min(), rel=1e-5)
    assert max(found["hi"]) == pytest.approx(values.max(), rel=1e-5)
    assert found["v"][0] == pytest.approx(values[:20].mean(), rel=1e-4)


def test_a_short_curve_is_as_it_was_logged():
    assert thinned([(1, 0.5), (2, 0.25)], 2) == {"s": [1, 2], "v": [0.5, 0.25]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val/mse", {"best": [2, 1.0], "last": [3, 2.0]}),
        ("train/loss", {"best": [2, 1.0], "last": [3, 2.0]}),
        ("val/elbo", {"best": [1, 5.0], "last": [3, 2.0]}),
        ("val/psnr", {"best": [1, 5.0], "last": [3, 2.0]}),
        ("train/d_real", {"low": [2, 1.0], "high": [1, 5.0], "last": [3, 2.0]}),
    ],
)
def test_the_best_is_at_the_good_end_where_there_is_one(name, expected):
    assert marks(name, [(1, 5.0), (2, 1.0), (3, 2.0)]) == expected


def test_evenly_keeps_both_ends():
    assert evenly(list(range(100)), 4) == [0, 33, 66, 99]
    assert evenly([1, 2], 4) == [1, 2]


def test_the_clock_has_the_first_and_the_last_row(read):
    curves, _ = read([{"step": step, "a": 1.0} for step in range(1, 1001)])
    assert len(curves.clock) == KNOTS
    assert (curves.clock[0][0], curves.clock[-1][0]) == (1, 1000)


def test_validation_comes_first(read):
    curves, _ = read([{"step": step, "train/loss": 1.0, "val/mse": 1.0, "lr": 1.0} for step in (1, 2)])
    assert names([curves]) == ["val/mse", "train/loss", "lr"]
