"""Which GPUs and how many cores the cells of this machine get."""

from genlab import cores
from genlab.apps.sweep.local import gpus, shares_of, usual_workers


def test_each_worker_has_gpus_of_its_own_where_there_are_enough():
    assert shares_of(["0", "1", "2", "3"], 1, 4) == [["0"], ["1"], ["2"], ["3"]]
    assert shares_of(["4", "5", "6", "7", "8"], 2, 3) == [["4", "5"], ["6", "7"], ["4", "5"]]
    assert shares_of(["0"], 2, 1) == shares_of([], 1, 1) == [None]


def test_by_itself_there_is_a_worker_for_each_gpu_or_for_every_four_cores(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3,5")
    assert gpus() == ["2", "3", "5"]
    assert (usual_workers(1), usual_workers(2), usual_workers(4)) == (3, 1, 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(cores, "usable", lambda: 16)
    assert (usual_workers(1), usual_workers(2), usual_workers(8)) == (4, 2, 1)
