"""The tables of a sweep, number by number."""

import csv

import pytest

from genlab.sweeps.tables import cells_table, write_tables

from sweeping import BETA, HIGH, LATENT, grid, run


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_table_without_replicates_has_one_line_a_cell_best_first(tmp_path):
    (path,) = write_tables(tmp_path, grid(betas=(1, 2), latents=(2,)), HIGH)
    assert path == tmp_path / "tables" / "cells.csv"
    assert read(path) == [
        ["number", BETA, LATENT, "state", "replicates", "seeds", "val/elbo", "val/kl", "val/recon", "seconds", "path"],
        ["0", "1", "2", "finished", "1", "10", "-12.0", "12.0", "0.0", "2.0", "0_0"],
        ["1", "2", "2", "finished", "1", "10", "-22.0", "6.0", "16.0", "2.0", "1_0"],
    ]


def test_replicates_are_folded_to_mean_and_standard_deviation_and_listed_one_by_one(tmp_path):
    rows = [
        run(i, r, replicate=j, model__beta=i) for i, j, r in [(0, 0, -5.0), (0, 1, -8.0), (1, 0, -1.0), (1, 1, -2.0)]
    ]
    rows += [run(2, -7.0, model__beta=2), run(2, None, "failed", 1, None, model__beta=2)]
    cells, runs = (read(path) for path in write_tables(tmp_path, rows, HIGH))
    head = ["number", BETA, "state", "replicates", "seeds", "val/elbo", "val/elbo_std", "seconds", "path"]
    assert cells[0] == head
    assert [row[:6] for row in cells[1:]] == [
        ["1", "1", "finished", "2", "10 11", "-1.5"],
        ["0", "0", "finished", "2", "10 11", "-6.5"],
        ["2", "2", "finished 1, failed 1", "1", "10 11", "-7.0"],
    ]
    assert [float(row[6] or 0) for row in cells[1:]] == pytest.approx([0.5**0.5, 4.5**0.5, 0])
    assert cells[3][6] == ""
    assert runs[0] == ["number", "replicate", BETA, "state", "seed", "val/elbo", "seconds", "path"]
    assert runs[-1] == ["2", "1", "2", "failed", "11", "", "", "2_1"]
    assert len(runs) == 7


def test_a_cell_that_is_not_finished_stands_below_with_what_it_has_reached():
    rows = [run(0, -1.0, "pruned"), run(1, -50.0)]
    table = cells_table(rows, HIGH)
    assert [(line["number"], line["replicates"], line["val/elbo"]) for line in table] == [(1, 1, -50.0), (0, 0, -1.0)]


def test_the_goal_has_its_column_first_even_if_no_run_has_it():
    columns = list(cells_table([run(0, metrics={"test/mse": 1.0, "test/a": 2.0})], ("val/z", "minimize"))[0])
    assert columns[-5:] == ["val/z", "test/a", "test/mse", "seconds", "path"]


def test_floats_read_back_to_the_same_bits_and_words_as_they_are_typed(tmp_path):
    rows = [run(0, 0.1 + 0.2, model__beta=1 / 3, model__net=None, model__deep=True, model__widths=[8, 16])]
    line = dict(zip(*read(write_tables(tmp_path, rows, HIGH)[0]), strict=True))
    assert (float(line["val/elbo"]), float(line[BETA])) == (0.1 + 0.2, 1 / 3)
    assert [line[f"model.{key}"] for key in ("net", "deep", "widths")] == ["null", "true", "[8, 16]"]


def test_equal_rows_in_another_order_make_the_same_bytes(tmp_path):
    first = write_tables(tmp_path / "a", grid(seeds=2), HIGH)
    second = write_tables(tmp_path / "b", grid(seeds=2)[::-1], HIGH)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
