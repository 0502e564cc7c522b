"""``sky.yaml``: fields that SkyPilot has, and a command that genlab takes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from genlab.apps.command.run import configuration
from genlab.signals import CODES

FILE = Path(__file__).resolve().parent.parent / "sky.yaml"
# of docs.skypilot.co/en/latest/reference/yaml-spec.html
TASK = {
    "name",
    "workdir",
    "num_nodes",
    "resources",
    "envs",
    "secrets",
    "file_mounts",
    "setup",
    "run",
    "config",
    "volumes",
}
RESOURCES = {"infra", "accelerators", "accelerator_args", "cpus", "memory", "instance_type", "use_spot", "disk_size"}
RESOURCES |= {
    "disk_tier",
    "network_tier",
    "max_hourly_cost",
    "image_id",
    "ports",
    "labels",
    "autostop",
    "any_of",
    "ordered",
}
RESOURCES |= {"job_recovery"}
RECOVERY = {"strategy", "max_restarts_on_errors", "recover_on_exit_codes"}
STORAGE = {"name", "source", "store", "persistent", "mode", "config"}


@pytest.fixture(scope="module")
def task():
    return yaml.safe_load(FILE.read_text())


def test_every_field_is_one_of_skypilot_s(task):
    assert task.keys() <= TASK
    assert task["resources"].keys() <= RESOURCES
    assert task["resources"]["job_recovery"].keys() <= RECOVERY
    for mount in task["file_mounts"].values():
        assert mount.keys() <= STORAGE
        assert mount["mode"] in ("MOUNT", "COPY", "MOUNT_CACHED")
    assert all(isinstance(task[name], str) for name in ("name", "workdir", "setup", "run"))
    assert re.fullmatch(r"[A-Za-z0-9.-]+:\d+", task["resources"]["accelerators"])
    assert all(value is None or isinstance(value, str) for value in task["envs"].values())


def test_a_job_that_was_stopped_after_saving_begins_again_and_no_other(task):
    assert task["resources"]["job_recovery"]["recover_on_exit_codes"] == [CODES["SIGUSR1"]]


def test_runs_lie_where_the_bucket_is_mounted(task):
    assert task["file_mounts"].keys() == {task["envs"]["RUNS"]}
    assert f"${{{'BUCKET'}}}" in task["file_mounts"][task["envs"]["RUNS"]]["name"]
    used = set(re.findall(r"\$\{?(\w+)", task["run"] + str(task["file_mounts"])))
    assert used == task["envs"].keys()


def test_the_command_is_one_that_train_takes_and_its_exit_code_the_job_s(task, tmp_path):
    place = tmp_path / "genlab-venv" / "bin"
    place.mkdir(parents=True)
    (place / "activate").write_text(f"PATH={place}:$PATH\n")
    (place / "python").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/typed\nexit 75\n')
    (place / "python").chmod(0o755)
    given = {name: value or "first" for name, value in task["envs"].items()}
    done = subprocess.run(["bash", "-c", task["run"]], env={**os.environ, **given, "HOME": str(tmp_path)}, timeout=30)
    assert done.returncode == 75
    door, *typed = (tmp_path / "typed").read_text().splitlines()
    assert door == "src/train.py"
    cfg = configuration("train", typed, None).cfg
    assert (cfg.resume, cfg.run_id, cfg.paths.runs, cfg.choices.model) == ("auto", "first", "/runs", "vae")
    assert subprocess.run(["bash", "-n", "-c", task["setup"]], timeout=30).returncode == 0
