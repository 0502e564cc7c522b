"""What is said of a run without a checkpoint: what has become of it, why, and what to type."""

import json
import os

import pytest

from genlab.contracts import CheckpointError, GenlabError, Stopped
from genlab.runs.directory import RunDirectory, make, point_latest
from genlab.runs.ended import end
from genlab.runs.find import checkpoint_file


def left(parent, run_id, **values):
    """A run that has left no checkpoint."""
    directory = make(parent, run_id)
    if values:
        (directory.path / "summary.json").write_text(json.dumps(values))
    return directory


def saved(directory, name, seconds):
    """What looks like a checkpoint, of this time."""
    directory.checkpoints.mkdir()
    (directory.checkpoints / name).touch()
    os.utime(directory.checkpoints / name, (seconds, seconds))


ALIVE = {"time": "2999-01-01T00:00:00+00:00", "host": "elsewhere", "pid": 7}
BECAME = {
    "failed": ({"status": "failed", "error": "no sense"}, "failed before its first checkpoint: no sense"),
    "failed earlier": ({"status": "failed"}, r"failed before its first checkpoint: .*log\.txt may say why"),
    "finished": ({"status": "finished"}, "is finished, and has no checkpoint"),
    "interrupted": ({"status": "interrupted"}, "was stopped before its first checkpoint"),
    "killed": ({"status": "running"}, "was stopped before its first checkpoint"),
}


@pytest.mark.parametrize("how", BECAME)
@pytest.mark.parametrize("key", ["ckpt", "init_from"])
def test_a_run_that_has_ended_is_not_called_one_to_wait_for(how, key, tmp_path):
    values, words = BECAME[how]
    run = left(tmp_path, "a", **values)
    point_latest(run)
    with pytest.raises(CheckpointError, match=f"the run a {words}") as raised:
        checkpoint_file(tmp_path / "latest", key)
    said = str(raised.value)
    assert said.startswith(f"{key}={tmp_path}/latest: ")
    assert f"or train it again: python src/train.py resume={run.path.resolve()}" in said
    assert "yet" not in said
    assert "Give a run directory" not in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "waiting"}, "waits for its job"),
        ({"status": "running", "heartbeat": ALIVE}, "is being trained"),
    ],
)
def test_a_run_that_may_still_save_is_waited_for(values, words, tmp_path):
    run = left(tmp_path, "a", **values)
    with pytest.raises(CheckpointError, match=f"the run a {words}, and has no checkpoint yet. Wait"):
        checkpoint_file(run.path)


def test_a_run_that_is_held_here_is_being_trained(tmp_path):
    run = left(tmp_path, "a", status="failed")  # of the time before, while a resume begins
    run.hold()
    with pytest.raises(CheckpointError, match="is being trained"):
        checkpoint_file(run.path)
    run.release()


def test_the_newest_run_beside_it_that_has_a_checkpoint_is_named_as_it_is_typed_from_here(tmp_path, monkeypatch):
    failed = left(tmp_path / "vae", "b", status="failed", error="no sense")
    with pytest.raises(CheckpointError, match=r"ckpt=runs/<name>/<run_id>"):
        checkpoint_file(failed.path)
    saved(left(tmp_path / "vae", "c", status="finished"), "last.ckpt", 100)
    newest = left(tmp_path / "vae", "a", status="running")
    saved(newest, "previous.ckpt", 200)
    point_latest(newest)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CheckpointError, match="Name a run that has one: ckpt=vae/a\n    or train it again: .*resume=vae/b,"
    ):
        checkpoint_file(failed.path)


def test_the_reason_stays_until_the_run_has_another_status(tmp_path):
    run = left(tmp_path, "a", status="running")
    end(run, GenlabError("no\n    sense"))
    assert run.summary.values == {"status": "failed", "error": "no sense"}
    run.summary.update(steps=3)
    assert run.summary.values["error"] == "no sense"
    run.summary.update(status="running")
    assert "error" not in json.loads((run.path / "summary.json").read_text())
    assert run.log.read_text() == "error: no\n    sense\n"


def test_what_has_a_status_of_its_own_keeps_it(tmp_path):
    run = left(tmp_path, "a", status="interrupted")
    end(run, Stopped(75, "stopped"))
    assert run.summary.values == {"status": "interrupted"}


def test_a_run_of_which_nothing_was_written_gets_no_summary_and_one_that_was_refused_no_directory(tmp_path):
    end(made := left(tmp_path, "a"), GenlabError("no sense"))
    assert not (made.path / "summary.json").exists()
    end(RunDirectory(tmp_path / "gone"), GenlabError("no sense"))
    assert not (tmp_path / "gone").exists()
