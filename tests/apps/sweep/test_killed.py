"""A sweep that is killed with everything it has started, and taken up again: the same table, and nothing trained twice."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sweeping

REPO = Path(__file__).resolve().parents[3]
GRID = (
    sweeping.GRID
    + """\
  data.batch_size: {value: 8}
  checkpoint.every_n_steps: {value: 5}
  trainer.max_epochs: {value: 3}
  performance.threads: {value: 1}
"""
)
OPTIONS = ["workers=2", "logger=csv", "metrics=none"]


def start(file, folder, cache, *arguments):
    """A sweep in a process group of its own."""
    line = [sys.executable, str(REPO / "src" / "sweep.py"), str(file), *arguments, f"paths.runs={folder / 'runs'}"]
    return subprocess.Popen([*line, f"paths.cache={cache}"], cwd=folder, stderr=subprocess.PIPE, start_new_session=True)


def processes_of(folder):
    """The trials of the sweeps in a folder that are running."""
    found = subprocess.run(["pgrep", "-f", f"genlab.apps.sweep.trial {folder}"], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def kill(sweep, folder):
    """Kill a sweep, and then its trials."""
    os.kill(sweep.pid, signal.SIGKILL)
    for process in processes_of(folder):
        os.kill(process, signal.SIGKILL)
    sweep.wait()


def table(folder):
    """The table of cells by number, without what depends on the clock."""
    path = next((folder / "runs" / "sweeps" / "beta").glob("2*")) / "tables" / "cells.csv"
    with open(path, newline="") as file:
        return {row["number"]: {k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)}


def trained(run):
    """The steps of a run's rows, in order."""
    with open(run / "metrics.csv", newline="") as file:
        return [(row["step"], row.get("val/elbo", ""), row.get("test/elbo", "")) for row in csv.DictReader(file)]


@pytest.mark.kill
def test_a_killed_sweep_leaves_the_table_of_an_undisturbed_one(tmp_path, cache):
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "beta.yaml").write_text(GRID)
    calm = start(tmp_path / "calm" / "beta.yaml", tmp_path / "calm", cache, *OPTIONS)
    assert calm.wait(400) == 0, calm.stderr.read()

    folder = tmp_path / "killed"
    first = start(folder / "beta.yaml", folder, cache, *OPTIONS)
    until = time.monotonic() + 300
    while len(list(folder.glob("runs/sweeps/beta/2*/3/checkpoints/last.ckpt"))) == 0:  # in the middle of the third
        assert first.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    kill(first, folder)
    sweep = next((folder / "runs" / "sweeps" / "beta").glob("2*"))
    before = {path.parent.name: path.stat().st_mtime_ns for path in sweep.glob("*/summary.json")}
    done = {key for key in before if '"finished"' in (sweep / key / "summary.json").read_text()}
    assert done and len(done) < 4

    second = start(folder / "beta.yaml", folder, cache, *OPTIONS, "resume=auto")
    assert second.wait(400) == 0, second.stderr.read()
    assert table(folder) == table(tmp_path / "calm")
    assert {key: (sweep / key / "summary.json").stat().st_mtime_ns for key in done} == {k: before[k] for k in done}
    for number in "1234":
        calm_run = next((tmp_path / "calm" / "runs" / "sweeps" / "beta").glob("2*")) / number
        assert trained(sweep / number) == trained(calm_run)
    assert not processes_of(folder)


@pytest.mark.kill
def test_trials_of_a_sweep_that_is_killed_alone_save_and_end(tmp_path, cache):
    (tmp_path / "beta.yaml").write_text(GRID.replace("{value: 3}", "{value: 300}"))
    sweep = start(tmp_path / "beta.yaml", tmp_path, cache, *OPTIONS)
    until = time.monotonic() + 300
    while len(list(tmp_path.glob("runs/sweeps/beta/2*/[12]/checkpoints/last.ckpt"))) < 2:
        assert sweep.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.wait()
    until = time.monotonic() + 30
    while processes_of(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.1)
    folder = next(tmp_path.glob("runs/sweeps/beta/2*"))
    assert [(folder / "logs" / f"{number}.code").read_text().strip() for number in "12"] == ["143", "143"]


BAYES = """
program: src/train.py
method: bayes
run_cap: 13
metric: {name: val/elbo, goal: maximize}
parameters:
  model: {value: beta_vae}
  model.beta: {distribution: log_uniform_values, min: 0.1, max: 10.0}
  model.latent_dim: {min: 2, max: 16}
  trainer.max_epochs: {value: 1}
  performance.threads: {value: 1}
"""
FINISHED = 10  # before the kill: from then on proposals follow from results


@pytest.mark.kill
def test_a_killed_search_goes_on_from_the_study_that_its_runs_make(tmp_path, cache):
    options = ["workers=1", "logger=csv", "metrics=none", "callbacks=none"]
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "beta.yaml").write_text(BAYES)
    calm = start(tmp_path / "calm" / "beta.yaml", tmp_path / "calm", cache, *options)
    folder = tmp_path / "killed"
    first = start(folder / "beta.yaml", folder, cache, *options)
    until = time.monotonic() + 500
    while len(list(folder.glob("runs/sweeps/beta/2*/logs/*.code"))) < FINISHED:
        assert first.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    kill(first, folder)
    assert calm.wait(500) == 0, calm.stderr.read()
    second = start(folder / "beta.yaml", folder, cache, *options, "resume=auto")
    assert second.wait(400) == 0, second.stderr.read()
    assert table(folder) == table(tmp_path / "calm") and len(table(folder)) == 13
