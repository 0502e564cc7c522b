"""One sweep file here and as an array of a real Slurm: the same numbers. ``pytest -m slurm -n 0`` (as root)."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import one_node

pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(one_node.missing()), reason=one_node.missing())]
REPO = Path(__file__).resolve().parents[3]
FILE = REPO / "sweeps" / "beta_latent_grid.yaml"
CUT = ["model.beta=1.0,4.0", "model.latent_dim=2,8", "trainer.max_epochs=2", "performance.threads=1"]
CUT += ["logger=csv", "metrics=none", "callbacks=none"]
TOLD = {"name", "seed", "steps", "images", "metrics", "config_digest", "status"}  # what two engines have in common


def swept(folder, *arguments):
    """The summaries of a sweep's cells, by their folders."""
    folder.mkdir()
    line = [sys.executable, str(REPO / "src" / "sweep.py"), str(FILE), *CUT, *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = folder.glob("runs/sweeps/beta_latent_grid/2*/[0-9]*/summary.json")
    whole = {path.parent.name: json.loads(path.read_text()) for path in found}
    return {key: {name: summary[name] for name in TOLD} for key, summary in whole.items()}


def test_an_array_of_slurm_gives_the_numbers_of_this_machine(tmp_path):
    here = swept(tmp_path / "here", "workers=2")
    with one_node.cluster(tmp_path / "one", slots=2):
        there = swept(tmp_path / "there", "engine=slurm", "slurm.gpus=0", "slurm.cpus_per_task=1", "slurm.time=10:00")
    assert sorted(here) == ["1", "2", "3", "4"] and here == there


def test_jobs_go_on_when_the_sweep_is_stopped_and_its_folder_takes_them_up(tmp_path):
    line = [sys.executable, str(REPO / "src" / "sweep.py")]
    on_slurm = ["engine=slurm", "slurm.gpus=0", "slurm.cpus_per_task=1", "slurm.time=10:00"]
    with one_node.cluster(tmp_path / "one", slots=2):
        first = subprocess.Popen([*line, str(FILE), *CUT, *on_slurm], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 120
        while not (found := list(tmp_path.glob("runs/sweeps/*/2*/jobs.json"))):
            assert first.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130 and str(found[0].parent) in first.stderr.read()
        before = found[0].read_text()
        again = subprocess.run([*line, str(found[0].parent), *on_slurm], cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert found[0].read_text() == before  # nothing was submitted twice
    states = [json.loads(path.read_text())["status"] for path in found[0].parent.glob("[1-4]/summary.json")]
    assert states == ["finished"] * 4
