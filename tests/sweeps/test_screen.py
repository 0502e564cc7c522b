"""A sweep on the screen: the table of a terminal, and the lines that stand for it elsewhere."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from genlab.sweeps.screen import Screen, seconds_left, shown

from sweeping import HIGH, grid, run, scattered


def under_way(rows, done, running=2):
    """The first so many rows are done, the next run, the others wait."""
    ran = [replace(row, metrics={}, seconds=None, state="waiting") for row in rows[done:]]
    return rows[:done] + [replace(row, state="running", seconds=0.5) for row in ran[:running]] + ran[running:]


def text(rows, width):
    """The picture of a terminal so wide."""
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(Screen("beta_latent_grid", HIGH, 2, console).picture(rows))
    return console.file.getvalue().splitlines()


def test_each_run_that_ends_is_a_line_where_there_is_no_terminal(capsys):
    rows = grid(betas=(1, 2), latents=(2, 8))
    rows[1] = replace(rows[1], state="failed", metrics={})
    with Screen("grid", HIGH, 2, Console(file=io.StringIO())) as screen:
        for done in range(5):
            screen.update(under_way(rows, done))
            screen.update(under_way(rows, done))
    assert capsys.readouterr().err.splitlines() == [
        "cell 0    finished     beta=1 latent_dim=2  val/elbo -12.00  2 s  (1 of 4 runs, about 2 s left)",
        "cell 1    failed       beta=1 latent_dim=8  2 s  (2 of 4 runs, about 2 s left)",
        "cell 2    finished     beta=2 latent_dim=2  val/elbo -22.0  2 s  (3 of 4 runs, about 2 s left)",
        "cell 3    finished     beta=2 latent_dim=8  val/elbo -28.0  2 s  (4 of 4 runs)",
    ]


def test_what_had_ended_before_a_sweep_is_taken_up_again_is_not_said_again(capsys):
    with Screen("grid", HIGH, 2, Console(file=io.StringIO())) as screen:
        screen.update(under_way(grid(), 3))
    assert capsys.readouterr().err == ""


def test_a_terminal_has_the_table_and_the_log_the_lines(capsys):
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system=None)
    with Screen("beta_latent_grid", HIGH, 2, console) as screen:
        screen.update(under_way(grid(), 0))
        screen.update(under_way(grid(), 6))
    assert "6 of 6 runs" in console.file.getvalue()
    assert "cell 0    finished" not in console.file.getvalue() + capsys.readouterr().err


def test_the_table_has_a_column_for_each_parameter_and_marks_the_best():
    lines = text(under_way(grid(), 3), 80)
    assert lines[2].split() == ["cell", "beta", "latent_dim", "state", "time", "val/elbo"]
    assert lines[4].split() == ["0", "1", "2", "finished", "2", "s", "*", "-12.0"]
    assert lines[5].split() == ["1", "1", "8", "finished", "2", "s", "-18.0"]
    assert "3 finished, 2 running, 1 waiting; * best" in "\n".join(lines)
    assert lines[-1].endswith("3 of 6 runs, about 2 s left")


@pytest.mark.parametrize("width", [80, 120])
def test_with_many_parameters_values_are_cut_and_nothing_else(width):
    lines = text(under_way(scattered(100, 9), 41, 4), width)
    assert max(map(len, lines)) <= width
    assert lines[2].split() == ["cell", "values", "state", "time", "val/elbo"]
    assert sum("running" in line for line in lines[:-2]) == 4
    assert all("x0=" in line for line in lines[4:19])
    assert not lines[19].strip()


def test_the_best_those_that_run_and_those_that_ended_last_are_shown():
    rows = under_way(scattered(100, 3), 60, 4)
    best = max((row for row in rows if row.state == "finished"), key=lambda row: row.metrics["val/elbo"])
    numbers = [row.number for row in shown(rows, HIGH)]
    assert numbers == sorted({best.number, *range(52, 66)} if best.number < 52 else range(51, 66))
    assert len(shown(rows[:10], HIGH)) == 10


def test_the_row_that_ended_last_is_the_last_by_its_time():
    rows = [run(i, -1.0, ended=100.0 - i) for i in range(30)]
    assert [row.number for row in shown(rows, None)] == list(range(15))


def test_time_left_is_the_mean_of_finished_runs_over_the_workers():
    rows = [run(0, seconds=10.0), run(1, seconds=20.0), run(2, state="running", seconds=5.0)]
    rows += [run(i, state="waiting", seconds=None) for i in (3, 4)]
    assert seconds_left(rows, 1) == 40  # 10 of the one that runs, 15 of each that waits
    assert seconds_left(rows, 4) == 10  # the one that runs is not done sooner
    assert seconds_left(rows[2:], 1) is None
    assert seconds_left([*rows[:2], run(2, state="failed", seconds=1.0)], 1) == 0


def test_values_in_brackets_are_shown_as_they_are():
    assert "[bold]" in "\n".join(text([run(0, -1.0, model__net="[bold]"), run(1, -2.0, model__net="[8, 16]")], 80))


def test_a_low_terminal_has_fewer_rows():
    console = Console(width=80, height=14, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(Screen("beta_latent_grid", HIGH, 2, console).picture(under_way(scattered(100, 3), 40)))
    assert len(console.file.getvalue().splitlines()) == 13
