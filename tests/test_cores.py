"""How many cores a process may use, and how many of them are free."""

import os

import pytest
import torch

from genlab import cores
from genlab.apps.train import performance
from genlab.apps.train.performance import Performance
from genlab.cores import Cores, Times, allowed, look, quota


def group(root, path, **files):
    (root / path).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / path / name.replace("cpu_", "cpu.", 1)).write_text(content)


@pytest.mark.parametrize(
    ("content", "right"), [("max 100000\n", None), ("200000 100000\n", 2.0), ("50000 100000\n", 0.5), ("", None)]
)
def test_a_quota_of_the_second_version(content, right, tmp_path):
    group(tmp_path, "job", cpu_max=content)
    assert quota(tmp_path, "0::/job\n") == right


def test_the_smallest_quota_of_a_group_and_those_above_it_counts(tmp_path):
    group(tmp_path, "a", cpu_max="150000 100000")
    group(tmp_path, "a/b", cpu_max="max 100000")
    group(tmp_path, "a/b/c", cpu_max="400000 100000")
    assert quota(tmp_path, "0::/a/b/c\n") == 1.5


def test_a_quota_of_the_first_version(tmp_path):
    group(tmp_path, "cpu/job", cpu_cfs_quota_us="300000\n", cpu_cfs_period_us="100000\n")
    group(tmp_path, "cpu/free", cpu_cfs_quota_us="-1\n", cpu_cfs_period_us="100000\n")
    assert quota(tmp_path, "4:memory:/job\n1:cpu,cpuacct:/job\n") == 3.0
    assert quota(tmp_path, "1:cpu,cpuacct:/free\n") is None


def test_slurm_and_the_quota_limit_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "affinity", lambda: set(range(16)))
    assert allowed({}, tmp_path) == (16, "cores")
    assert allowed({"SLURM_CPUS_PER_TASK": "4"}, tmp_path) == (4, "by SLURM_CPUS_PER_TASK")
    monkeypatch.setattr(cores, "quota", lambda groups: 2.5)
    assert allowed({"SLURM_CPUS_PER_TASK": "4"}, tmp_path) == (2, "by the container's quota")
    monkeypatch.setattr(cores, "quota", lambda groups: 0.3)
    assert allowed({}, tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("count", "busy", "processes", "threads"),
    [(2, 0.0, 1, 2), (2, 0.2, 1, 2), (2, 0.6, 1, 1), (2, 2.0, 1, 1), (16, 3.1, 1, 13), (16, 8.0, 4, 4), (2, 0.0, 4, 1)],
)
def test_threads_are_the_cores_that_others_leave_free_or_a_ranks_share(count, busy, processes, threads):
    assert Cores(count, "cores", busy).threads(processes) == threads


def test_what_others_use_is_what_everyone_used_without_this_process(monkeypatch):
    monkeypatch.setattr(cores, "affinity", lambda: {0, 1})
    ticks = os.sysconf("SC_CLK_TCK")
    line = (
        f"cpu0 {3 * ticks} 0 {ticks} 900 50 0 0 0\ncpu1 {2 * ticks} 0 0 900 0 0 0 0\ncpu7 {99 * ticks} 0 0 0 0 0 0 0\n"
    )
    assert look(f"cpu 9 9 9 9\n{line}intr 5\n").everyone == 6.0
    assert cores.cores(Times(10.0, 100.0, 5.0), Times(12.0, 103.0, 6.0)).busy == 1.0
    assert cores.cores(Times(10.0, 100.0, 5.0), Times(12.0, 100.9, 6.0)).busy == 0.0


@pytest.fixture
def torch_by_itself(monkeypatch):
    """torch would take four threads, and nobody has said how many."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(performance, "torchs_own", lambda: 4)
    before = torch.get_num_threads()
    yield Performance(False, "auto", False, False, 600)
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_that_is_bound_to_one_core_has_one_thread(torch_by_itself):
    every = os.sched_getaffinity(0)
    torch.set_num_threads(3)
    try:
        os.sched_setaffinity(0, {min(every)})
        assert "1 thread" in torch_by_itself.apply()
    finally:
        os.sched_setaffinity(0, every)
    assert torch.get_num_threads() == 1


def test_a_number_that_the_user_has_set_for_all_programs_goes_before(torch_by_itself, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    torch.set_num_threads(3)
    assert torch_by_itself.apply(processes=8) is None
    assert torch.get_num_threads() == 3


def test_ranks_share_the_cores(torch_by_itself, monkeypatch):
    monkeypatch.setattr(cores, "affinity", lambda: set(range(8)))
    assert "4 processes share 8 cores" in torch_by_itself.apply(processes=4)
    assert torch.get_num_threads() == 2
