"""A full disk: said, survived as long as there is something to train, and never called done."""

import errno
import os
from types import SimpleNamespace

import pytest

from genlab import files
from genlab.contracts import DataError, GenlabError, Stopped
from genlab.runs import find, writing
from genlab.runs.directory import RunDirectory
from genlab.runs.loggers import tensorboard
from genlab.runs.table import Table

from killing import assert_same_run, assert_same_state, rows
from striking import sends

PICTURES = {"pictures": {"_target_": "genlab.callbacks.pictures.Pictures", "every_n_epochs": 1, "count": 4}}
OFTEN = {"every_n_steps": 3}


@pytest.fixture
def disk(monkeypatch):
    """Files of a run that are written as a whole find no room while ``disk.full`` names a part of their path."""
    sync = files.sync

    class Disk:
        full = None

    def synced(path):
        if Disk.full and Disk.full in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(path)

    monkeypatch.setattr(files, "sync", synced)
    return Disk


def fills(disk, since, until=None, part="broken/a"):
    """An action: the disk is full in these training batches, and in every test unless ``until`` is ``test``."""

    def action(stage, trainer, model):
        over = stage == "test" if until == "test" else until is not None and model.batches_seen >= until
        disk.full = part if model.batches_seen >= since and not over else None

    return action


def test_weights_that_are_nowhere_are_not_done_and_the_run_goes_on_where_it_was_saved(breakable, disk, capfd):
    job = breakable("vae", checkpoint=OFTEN, callbacks=PICTURES)
    left = job.until(fills(disk, 8))
    assert (type(left), left.exit_code) == (GenlabError, 1)
    assert "done after batch 34, and its weights are NOT saved:" in str(left)
    assert "last.ckpt (the disk is full). Make room; resume=auto continues from batch 6" in str(left)
    said = capfd.readouterr().err
    assert said.count("WARNING   cannot write") == said.count("WARNING   could not save") == 1
    assert said.count("the disk is full") == 2
    assert "test      " in said
    assert "done " not in said
    disk.full = None
    assert job.saved == 6
    assert job.until() is None
    assert_same_run(job.undisturbed(), job.run)


def test_where_there_is_room_again_the_next_save_works_and_nothing_is_missing(breakable, disk, capfd):
    job, seen = breakable("vae", checkpoint=OFTEN, callbacks=PICTURES), {}
    filled = fills(disk, 8, 20)

    def action(stage, trainer, model):
        seen[model.batches_seen] = job.saved
        filled(stage, trainer, model)

    assert job.until(action) is None
    assert (seen[20], seen[23]) == (6, 21)
    assert (job.summary["status"], job.saved) == ("finished", 34)
    said = capfd.readouterr().err
    assert f"note      {job.run}/checkpoints/last.ckpt is written again" in said
    assert f"note      {job.run}/metrics.csv is written again" in said
    assert_same_run(job.undisturbed(), job.run)


def test_weights_for_which_there_is_room_by_the_end_of_the_test_are_saved_then(breakable, disk):
    job = breakable("vae", checkpoint={**OFTEN, "best": False})
    assert job.until(fills(disk, 8, "test")) is None
    assert (job.summary["status"], job.saved) == ("finished", 34)
    assert_same_run(job.undisturbed(), job.run)


@pytest.mark.parametrize("stage", ["train", "test"])
def test_a_stop_that_could_not_save_says_so_and_is_a_failure(stage, breakable, disk):
    job, batch = breakable("vae", checkpoint=OFTEN), {"train": 10, "test": 34}[stage]
    filled, strike = fills(disk, 8), sends(stage, batch, "SIGTERM")

    def action(*now):
        filled(*now)
        strike(*now)

    left = job.until(action)
    assert (type(left), left.exit_code) == (GenlabError, 1)
    assert f"after batch {batch}, and its weights are NOT saved" in str(left)
    assert "resume=auto continues from batch 6" in str(left)


def test_a_best_that_could_not_be_saved_is_not_called_the_best(breakable, disk):
    """The summary speaks of the file."""
    job = breakable("vae", trainer={"max_epochs": 1})
    assert job.until(fills(disk, 0, part="best.ckpt")) is None
    assert job.summary["best"] == {}
    assert not (job.run / "checkpoints" / "best.ckpt").exists()


@pytest.mark.parametrize("name", ["summary.json", "metrics.csv"])
def test_results_that_are_on_the_screen_only_are_not_done(name, breakable, disk, capfd):
    job = breakable("vae", trainer={"max_epochs": 1})
    left = job.until(fills(disk, 5, part=name))
    assert (type(left), left.exit_code) == (GenlabError, 1)
    assert f"the weights are saved, but not {job.run}/{name} (the disk is full)" in str(left)
    assert "done " not in capfd.readouterr().err
    assert str(left) in (job.run / "log.txt").read_text()
    if name == "metrics.csv":
        assert (job.summary["status"], job.summary["error"]) == ("finished", " ".join(str(left).split()))
    disk.full = None
    assert job.until() is None
    assert job.summary["status"] == "finished"
    assert "error" not in job.summary
    assert rows(job.run / "metrics.csv")[-1]["test/loss"]
    assert_same_state(job.undisturbed(), job.run)


def test_a_run_for_which_there_is_no_room_is_refused_and_leaves_nothing(breakable, disk):
    job = breakable("vae")
    disk.full = "overrides.txt"
    left = job.until()
    assert type(left) is DataError
    assert f"cannot write the run directory {job.run}: the disk is full. Make room, or choose" in str(left)
    assert list(job.run.parent.iterdir()) == []


# ---- one file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def short_files():
    """The longest file that can be written: ``short_files(bytes)``."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_table_without_room_for_a_row_keeps_no_half_of_it_and_has_all_rows_later(tmp_path, short_files):
    table, path = Table(tmp_path / "t.csv", ["step", "text"]), tmp_path / "t.csv"
    table.append({"step": 1, "text": "a" * 50})
    table.save()
    before = path.read_text()
    for step in (2, 3):
        table.append({"step": step, "text": "b" * 50})
    short_files(len(before) + 70)
    with pytest.raises(OSError, match="File too large"):
        table.save()
    assert path.read_text() == before
    short_files(10_000)
    table.save()
    assert [row["step"] for row in Table(path, []).kept] == ["1", "2", "3"]


def test_a_warning_comes_again_while_it_lasts_and_anew_after_it_was_over(tmp_path, monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(writing.time, "monotonic", lambda: now[0])
    writing.begin()

    def fails(path):
        with writing.attempt(path):
            raise OSError(errno.EDQUOT, "Quota exceeded")

    for seconds, path in ((0, "a"), (10, "a"), (20, "b"), (writing.REPEAT, "a"), (writing.REPEAT + 10, "b")):
        now[0] = float(seconds)
        fails(tmp_path / path)
    with writing.attempt(tmp_path / "a"), writing.attempt(tmp_path / "b"):
        pass
    fails(tmp_path / "a")
    assert capsys.readouterr().err.splitlines() == [
        f"WARNING   cannot write {tmp_path}/a: the disk is full. Training goes on without it. Make room.",
        f"WARNING   cannot write {tmp_path}/a: the disk is full (4 failures by now). Training goes on without it. Make room.",
        f"note      {tmp_path}/b is written again",
        f"note      {tmp_path}/a is written again",
        f"WARNING   cannot write {tmp_path}/a: the disk is full. Training goes on without it. Make room.",
    ]


def test_events_begin_a_new_file_once_a_writer_has_failed(tmp_path, monkeypatch):
    now, made = [0.0], []
    monkeypatch.setattr(tensorboard.time, "monotonic", lambda: now[0])

    def begin(self):
        made.append(now[0])
        self.writer = SimpleNamespace(add_scalar=lambda *_: written.append(now[0]), add_text=lambda *_: None)

    def fails(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    written: list[float] = []
    monkeypatch.setattr(tensorboard.TensorBoardLog, "begin", begin)
    log = tensorboard.TensorBoardLog()
    log.open(tmp_path, "a", "name", {}, [], "")
    log.writer.add_scalar = fails
    for seconds in (1.0, 2.0, tensorboard.RETRY + 2):
        now[0] = seconds
        log.log_metrics({"loss": 1.0}, 1)
    assert (made, written) == ([0.0, tensorboard.RETRY + 2], [tensorboard.RETRY + 2])


# ---- a kill before the first checkpoint -----------------------------------------------------------------------------


class Killed(BaseException):
    """What no one catches."""


@pytest.mark.parametrize("moment", ["write_configuration", "release"])
def test_a_run_that_was_killed_before_its_first_checkpoint_is_begun_again_in_its_directory(
    moment, breakable, monkeypatch
):
    """Right after its first file; in its training."""
    job = breakable("vae")
    job.cfg.run_id = None

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(find, "end", lambda *_: None)  # a killed process writes nothing more
        if moment == "write_configuration":
            patch.setattr(RunDirectory, moment, kill)
        for _ in range(3):
            with pytest.raises(Killed):
                job.train(kill)
            (directory,) = (path for path in job.run.parent.iterdir() if not path.is_symlink())
    assert job.until() is None
    assert [path for path in job.run.parent.iterdir() if not path.is_symlink()] == [directory]
    job.cfg.run_id = "a"
    assert_same_run(job.undisturbed(), directory)


def test_a_run_that_was_stopped_before_its_training_says_so_in_its_summary(breakable, monkeypatch):
    job = breakable("vae")

    def stop(*_):
        raise Stopped(75, "stopped")

    monkeypatch.setattr(RunDirectory, "write_configuration", stop)
    assert type(job.until()) is Stopped
    assert job.summary["status"] == "preempted"
