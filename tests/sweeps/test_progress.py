"""How far a sweep has come: by what its runs leave, by who holds it, and by what is still to be chosen."""

import json

import run_folders
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.progress import progress_of
from genlab.sweeps.trials import Trial


def folder_of(tmp_path, **summaries):
    """A grid of four runs with these states in their summaries: ``cell_1="finished"``."""
    folder = SweepFolder(tmp_path)
    folder.begin("method: grid\n", {"run_cap": None, "replicates": 1})
    folder.append(Trial(number, {"model.beta": number}, 0) for number in (1, 2, 3, 4))
    for cell, status in summaries.items():
        path = tmp_path / cell.removeprefix("cell_") / "summary.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"status": status}))
    return folder


def test_a_sweep_that_is_held_runs_and_one_that_nobody_holds_is_interrupted(tmp_path):
    folder = folder_of(tmp_path, cell_1="finished", cell_2="failed", cell_3="interrupted")
    folder.hold()
    try:
        found = progress_of(SweepFolder(folder.path))
    finally:
        folder.release()
    assert (found.state, str(found)) == ("running", "1 of 4 runs finished, 1 failed, 1 interrupted, 1 waiting")
    assert progress_of(folder).state == "interrupted"
    folder.write_settings(folder.settings() | {"ended": True})
    assert progress_of(folder).state == "finished"


def test_a_sweep_whose_run_is_trained_on_another_machine_runs(tmp_path):
    folder = folder_of(tmp_path)
    folder.run_of(folder.trials()[0]).mkdir()
    told = {"status": "running", "heartbeat": run_folders.beat(5)}
    (folder.path / "1" / "summary.json").write_text(json.dumps(told))
    assert str(progress_of(folder)) == "0 of 4 runs finished, 1 running, 3 waiting"
    assert progress_of(folder).state == "running"


def test_runs_that_bayes_has_still_to_choose_wait(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.begin("method: bayes\nrun_cap: 7\n", {"run_cap": None, "replicates": 2})
    folder.append(Trial(1, {}, seed, seed, 2) for seed in (0, 1))
    assert str(progress_of(folder)) == "0 of 14 runs finished, 14 waiting"
    folder.write_settings({"run_cap": 3, "replicates": 2})
    assert str(progress_of(folder)) == "0 of 6 runs finished, 6 waiting"
    folder.write_settings({"run_cap": 3, "replicates": 2, "ended": True})
    assert progress_of(folder).counts.total() == 2


def test_a_run_whose_summary_cannot_be_read_is_counted(tmp_path):
    folder = folder_of(tmp_path, cell_1="finished")
    (folder.path / "1" / "summary.json").write_text("{")
    assert str(progress_of(folder)) == "0 of 4 runs finished, 3 waiting, 1 unreadable"
