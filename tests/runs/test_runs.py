"""Run directories: made once, found again, held by one process; tables that can be cut back."""

import csv
import json
import math
import multiprocessing
import os
import pathlib
import signal
import zipfile
from contextlib import contextmanager

import pytest
from omegaconf import OmegaConf

from genlab.contracts import CheckpointError, ConfigError, DataError, DataSpec
from genlab.runs import manifest
from genlab.runs.digest import config_digest
from genlab.runs.directory import RunDirectory, make, point_latest
from genlab.runs.find import checkpoint_file, choose_run, follow_latest, run_of
from genlab.runs.summary import Summary, versions
from genlab.runs.table import Table

SPEC = DataSpec("digits", "images", (1, 8, 8), {"train": 1}, "data")


def test_two_processes_never_share_a_directory(tmp_path):
    def one(queue):
        queue.put(str(make(tmp_path, "same").path))

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    racers = [context.Process(target=one, args=(queue,)) for _ in range(6)]
    for racer in racers:
        racer.start()
    made = {queue.get(timeout=10) for _ in racers}
    assert len(made) == 6
    assert {path.rsplit("/")[-1] for path in made} == {"same", *(f"same-{i}" for i in range(2, 7))}


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="paths.runs"):
        make(tmp_path / "file" / "runs", None)


def run_left(cfg, parent, run_id, status="running", digest=None):
    """A run that a process has left behind, a second after the one before."""
    seconds = len(list(parent.glob("*/summary.json")))
    directory = make(parent, run_id)
    summary, digest = directory.path / "summary.json", digest or config_digest(cfg, SPEC.digest)
    summary.write_text(json.dumps({"status": status, "config_digest": digest}))
    os.utime(summary, (seconds, seconds))
    directory.write_configuration(cfg, [])
    return directory


def saved(directory, name="last"):
    """What looks like a checkpoint, and is listed."""
    directory.checkpoints.mkdir(exist_ok=True)
    manifest.list_also(directory.checkpoints, f"{name}.ckpt", "digest")
    with zipfile.ZipFile(directory.checkpoints / f"{name}.ckpt", "w"):
        return directory.checkpoints / f"{name}.ckpt"


@pytest.fixture
def auto(composed, tmp_path):
    """``resume=auto``, and where its runs lie."""
    return composed("resume=auto", f"paths.runs={tmp_path}"), tmp_path / "vae-digits"


@contextmanager
def held_elsewhere(directory):
    """Another process trains this run, until it is killed."""

    def hold(path, held):
        directory = RunDirectory(path)
        directory.hold()
        held.set()
        signal.pause()

    context = multiprocessing.get_context("fork")
    held = context.Event()
    process = context.Process(target=hold, args=(directory.path, held))
    process.start()
    try:
        assert held.wait(10)
        yield
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)


def test_auto_continues_the_newest_unfinished_run_of_this_configuration_that_nobody_is_training(auto, capsys):
    cfg, parent = auto
    assert choose_run(cfg, SPEC, None, None).existing is None
    assert f"nothing to continue in {parent}" in capsys.readouterr().err
    older = run_left(cfg, parent, "2020-01-01_00-00-00")
    newest = run_left(cfg, parent, "2020-01-02_00-00-00")
    run_left(cfg, parent, "2020-01-03_00-00-00", status="finished")
    run_left(cfg, parent, "2020-01-04_00-00-00", digest="other")
    point_latest(newest)  # the link is no run of its own
    assert choose_run(cfg, SPEC, None, None).existing.path == newest.path
    with held_elsewhere(newest):
        assert choose_run(cfg, SPEC, None, None).existing.path == older.path
        with pytest.raises(ConfigError, match="another process"):
            RunDirectory(newest.path).hold()
    assert choose_run(cfg, SPEC, None, None).existing.path == newest.path


def test_auto_continues_whatever_is_not_finished_the_newest_by_time_and_not_by_name(auto):
    cfg, parent = auto
    for status in ("running", "failed", "interrupted", "preempted"):
        for run_id in (f"x {status}", f"a {status}"):
            newest = run_left(cfg, parent, run_id, status=status)
        assert choose_run(cfg, SPEC, None, None).existing.path == newest.path


def test_auto_with_a_run_id_continues_that_one_and_refuses_another_configuration(composed, tmp_path):
    cfg = composed("resume=auto", "run_id=mine", f"paths.runs={tmp_path}")
    parent = tmp_path / "vae-digits"
    run_left(cfg, parent, "newer")
    new = choose_run(cfg, SPEC, None, None)
    assert (new.run_id, new.existing) == ("mine", None)
    mine = make(parent, "mine")  # killed before it had a summary
    assert choose_run(cfg, SPEC, None, None).existing.path == mine.path
    (mine.path / "summary.json").write_text(json.dumps({"status": "failed", "config_digest": "other"}))
    with pytest.raises(ConfigError, match="another configuration"):
        choose_run(cfg, SPEC, None, None)


def test_a_run_goes_on_from_its_last_checkpoint_or_the_one_before_and_from_the_start_without_any(auto):
    cfg, parent = auto
    left = run_left(cfg, parent, "a")
    assert choose_run(cfg, SPEC, None, None).checkpoint is None
    saved(left, "previous")  # where a kill or a damage has left no last one
    assert choose_run(cfg, SPEC, None, None).checkpoint == left.checkpoints / "last.ckpt"
    assert choose_run(cfg, SPEC, None, None).checkpoint == saved(left)


def test_a_path_means_its_run_and_all_ranks_read_the_same_checkpoint(auto):
    cfg, parent = auto
    left = run_left(cfg, parent, "a")
    saved(left), saved(left, "best")
    (parent / "latest").write_text("a\n")  # where links are impossible
    for given in (".", "checkpoints/last.ckpt", "checkpoints/best.ckpt", "../latest"):
        cfg.resume = str(left.path / given)
        chosen, other_rank = choose_run(cfg, SPEC, None, None), choose_run(cfg, SPEC, None, child_of=left.path)
        assert chosen.existing.path == left.path
        assert chosen.checkpoint.resolve() == other_rank.checkpoint.resolve()
        assert chosen.checkpoint.name == ("best.ckpt" if "best" in given else "last.ckpt")
    (left.path / "summary.json").write_text(json.dumps({"status": "failed", "data_digest": "other"}))
    with pytest.raises(CheckpointError, match="the images have changed"):
        choose_run(cfg, SPEC, None, None)


def test_a_new_run_reads_no_checkpoint_on_any_rank(auto):
    cfg, parent = auto
    left = run_left(cfg, parent, "a")
    assert choose_run(cfg, SPEC, None, child_of=left.path).checkpoint is None
    file = saved(left)
    assert choose_run(cfg, SPEC, None, child_of=left.path).checkpoint == file
    cfg.resume = None
    assert choose_run(cfg, SPEC, None, child_of=left.path).checkpoint is None


SAME = {
    "trainer.max_epochs": 99, "trainer.max_steps": 7, "trainer.devices": 2, "trainer.num_nodes": 2,
    "trainer.accelerator": "gpu", "trainer.strategy": "ddp", "trainer.log_every_n_steps": 1,
    "paths.runs": "x", "paths.data": "x", "paths.cache": "x", "data.path": "x", "name": "x", "run_id": "x", "tags": ["x"],
    "notes": "x", "resume": "auto", "logger": {}, "callbacks": {}, "metrics.val_samples": 5, "checkpoint.best": False,
    "performance.threads": 1, "data.on_device": True, "data.stage": "x",
}  # fmt: skip
OTHER = {
    "model.beta": 2, "model.latent_dim": 3, "model.optimizer.lr": 0.1, "model.schedule.warmup": 0.5, "seed": 1,
    "data.batch_size": 3, "data.limit": 5, "init_from": "x", "trainer.precision": "64-true",
    "trainer.accumulate_grad_batches": 2, "trainer.gradient_clip_val": 1.0,
}  # fmt: skip


def test_the_digest_is_of_what_is_trained(composed):
    cfg = composed()

    def digest(key, value):
        other = cfg.copy()
        OmegaConf.update(other, key, value, force_add=True)
        return config_digest(other, "d")

    base = config_digest(cfg, "d")
    assert [key for key, value in SAME.items() if digest(key, value) != base] == []
    assert [key for key, value in OTHER.items() if digest(key, value) == base] == []
    assert config_digest(cfg, "e") != base


def test_paths_that_are_no_runs_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        run_of(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="is not a run directory"):
        run_of(tmp_path)
    with pytest.raises(CheckpointError, match=r"has no checkpoint \("):
        checkpoint_file(tmp_path)
    (tmp_path / "latest").mkdir()
    with pytest.raises(CheckpointError, match=rf"holds several runs.*ckpt={tmp_path}/latest"):
        checkpoint_file(tmp_path)


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_grows_by_rows_and_columns_and_is_cut_back(tmp_path):
    path = tmp_path / "t.csv"
    table = Table(path, ["step"])
    table.append({"step": 1, "a": 0.1})
    table.save()
    table.append({"step": 2, "a": 1 / 3})
    table.append({"step": 2, "b": 5})
    table.save()
    assert read(path) == [{"step": "1", "a": "0.1", "b": ""}, {"step": "2", "a": repr(1 / 3), "b": "5"}]
    table.append({"step": 3, "a": 2.0})
    table.save()
    again = Table(path, ["step"])
    assert again.rows == 3
    again.truncate(2)
    again.append({"step": 4, "b": 6})
    again.save()
    assert [row["step"] for row in read(path)] == ["1", "2", "4"]
    with open(path, "a") as file:
        file.write("5,0.")  # a row that a kill cut off
    cut = Table(path, ["step"])
    cut.truncate(3)
    assert [row["step"] for row in read(path)] == ["1", "2", "4"]


def test_a_summary_keeps_to_finite_numbers(tmp_path):
    summary = Summary(tmp_path / "summary.json")
    summary.update(status="failed", metrics={"val/loss": 1.5, "val/fid": math.nan, "test/kl": math.inf})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"status": "failed", "metrics": {"val/loss": 1.5}}
    assert {"python", "torch", "lightning"} <= versions().keys()


def test_latest_is_followed_also_where_links_are_impossible(tmp_path, monkeypatch):
    def impossible(*_, **__):
        raise OSError("no links here")

    monkeypatch.setattr(pathlib.Path, "symlink_to", impossible)
    for run_id in ("one", "two"):
        directory = make(tmp_path, run_id)
        directory.checkpoints.mkdir()
        (directory.checkpoints / "last.ckpt").touch()
        (directory.path / "summary.json").write_text("{}")
        point_latest(directory)
        assert (tmp_path / "latest").read_text() == f"{run_id}\n"
        assert run_of(follow_latest(tmp_path / "latest")).path == directory.path
        assert checkpoint_file(tmp_path / "latest") == directory.checkpoints / "last.ckpt"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "one", "two"]
