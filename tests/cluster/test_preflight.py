"""What does not fit between a Slurm job and the training in it, from the environment alone."""

import shutil
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from genlab.cluster import preflight as rules
from genlab.cluster.preflight import begun, folders, gpus, gpus_here, preflight, tasks
from genlab.contracts import ConfigError
from genlab.files import write_json

STEP = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_NNODES": "1", "SLURM_JOB_NAME": "vae"}


def step(number, nodes=1, each=True, **further):
    there = {"SLURM_STEP_NUM_TASKS": f"{number}", "SLURM_STEP_NUM_NODES": f"{nodes}", "SLURM_NTASKS": f"{number}"}
    return STEP | there | ({"SLURM_NTASKS_PER_NODE": f"{number // nodes}"} if each else {}) | further


def trainer(devices=1, nodes=1, accelerator="cpu"):
    return {"devices": devices, "num_nodes": nodes, "accelerator": accelerator}


def wrong(environment, *arguments):
    return [row.what for row in tasks(environment, trainer(*arguments))]


BATCH = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "vae"}


@pytest.mark.parametrize(
    ("environment", "arguments", "found"),
    [
        (step(2), (2,), []),
        (step(8, 2), (4, 2), []),
        (step(2), ([0, 1],), []),
        (step(2), ("0,1",), []),
        (step(2), ("auto",), []),
        (step(1), (1,), []),
        (step(1), (2,), ["tasks of a node"]),  # would train with one process, in silence
        (step(2), (1,), ["tasks of a node"]),  # two runs that write the same files
        (step(2, each=False), (2,), ["SLURM_NTASKS_PER_NODE"]),  # Lightning's own error
        (step(4, 2), (2, 1), ["nodes"]),
        (step(4, 2), (1, 2), ["tasks of a node"]),
        (BATCH | {"SLURM_NTASKS": "2"}, (2,), ["started by"]),  # would wait for the other for ever
        (BATCH | {"SLURM_NTASKS": "2"}, (1,), ["started by"]),
        (BATCH | {"SLURM_NTASKS": "1"}, (2,), ["started by"]),  # would train with one process, in silence
        (BATCH | {"SLURM_NTASKS": "1"}, (1,), []),
        (BATCH, (2,), []),  # Lightning starts the second
        (BATCH | {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "interactive"}, (2,), []),
    ],
)
def test_tasks_against_devices(environment, arguments, found):
    assert wrong(environment, *arguments) == found


@pytest.mark.parametrize(
    ("asked", "here", "found"),
    [
        (trainer(4, accelerator="gpu"), 1, 1),  # --gpus-per-task shows each task its own only
        (trainer(4, accelerator="gpu"), 4, 0),
        (trainer(2, accelerator="auto"), 0, 0),  # trains on the CPU
        (trainer(2, accelerator="gpu"), 0, 1),
        (trainer(2, accelerator="cpu"), 0, 0),
        (trainer("auto", accelerator="gpu"), 1, 1),
        (trainer(4, accelerator="gpu"), None, 0),
    ],
)
def test_gpus_against_devices(asked, here, found):
    assert len(list(gpus(step(4), asked, here))) == found


def test_which_gpus_a_process_sees(tmp_path):
    for value, number in {"0,1,3": 3, "": 0, "NoDevFiles": 0, "-1": 0, "GPU-8f2a": 1}.items():
        assert gpus_here({"CUDA_VISIBLE_DEVICES": value}, tmp_path) == number
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert gpus_here({}, tmp_path) == 2
    (tmp_path / "kfd").touch()
    assert gpus_here({}, tmp_path) is None


def test_a_node_that_does_not_see_what_the_login_node_saw(tmp_path):
    run, data = tmp_path / "run", tmp_path / "data"
    environment = {rules.RUN: str(run), rules.SEEN: f"{data}"}
    assert [row.what for row in folders(environment, tmp_path)] == ["run directory"]
    run.mkdir()
    assert [(row.what, row.needed) for row in folders(environment, tmp_path)] == [("data", str(data))]
    data.mkdir()
    assert list(folders(environment, tmp_path)) == []


def test_a_run_directory_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "obstacle", lambda path: f"{path}: Read-only file system")
    (row,) = folders({}, tmp_path / "runs")
    assert row.what == "run directory" and "Read-only" in row.here


def test_the_disk_has_room_for_three_checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=50 * 2**20))
    (row,) = folders({}, tmp_path)
    assert (row.what, row.needed) == ("free disk", "300 MiB (three checkpoints)")  # where nothing is known of its size
    assert list(folders({rules.SIZE: str(16 * 2**20)}, tmp_path)) == []
    (row,) = folders({rules.SIZE: str(17 * 2**20)}, tmp_path)
    assert "51 MiB" in row.needed
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(bytes(2**20))
    assert list(folders({rules.RUN: str(tmp_path), rules.SIZE: str(17 * 2**20)}, tmp_path)) == []


@pytest.mark.parametrize(
    ("status", "restarts", "refused"),
    [
        ("waiting", None, False),
        ("preempted", "1", False),
        ("running", "2", False),
        ("finished", "0", True),
        ("running", None, True),
    ],
)
def test_only_a_job_that_slurm_restarts_takes_up_a_run_that_has_begun(tmp_path, status, restarts, refused):
    write_json(tmp_path / "summary.json", {"status": status})
    environment = {rules.RUN: str(tmp_path)} | ({"SLURM_RESTART_COUNT": restarts} if restarts else {})
    found = list(begun(environment))
    assert bool(found) == refused
    assert not refused or f"submit.py resume={tmp_path}" in found[0].remedy


def test_one_table_names_it_all(tmp_path):
    cfg = OmegaConf.create({"trainer": trainer(4, 1, "gpu"), "paths": {"runs": str(tmp_path)}})
    with pytest.raises(ConfigError) as error:
        preflight(cfg, step(2, CUDA_VISIBLE_DEVICES="0", GENLAB_SEEN="/nowhere"))
    first, head, *lines = str(error.value).splitlines()
    assert first == "job 7 on this node does not fit this command; nothing was started"
    assert [line.split("   ")[1].strip() for line in lines] == ["tasks of a node", "GPUs that this task sees", "data"]
    column = head.index("what to do")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)


def test_outside_of_slurm_nothing_is_looked_at():
    preflight(OmegaConf.create(), {})
