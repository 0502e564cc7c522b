"""Run directories: made once, found again, held by one process; tables that can be cut back."""

import csv
import json
import math
import multiprocessing
import pathlib

import pytest

from genlab.contracts import CheckpointError, ConfigError, DataError, DataSpec
from genlab.runs.digest import config_digest
from genlab.runs.directory import RunDirectory, make, point_latest
from genlab.runs.find import checkpoint_file, choose_run, run_of
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


def unfinished(cfg, parent, run_id, status="running", digest=None):
    directory = make(parent, run_id)
    digest = digest or config_digest(cfg, SPEC.digest)
    (directory.path / "summary.json").write_text(json.dumps({"status": status, "config_digest": digest}))
    return directory


def test_auto_continues_the_newest_unfinished_run_of_this_configuration(composed, tmp_path):
    cfg = composed("resume=auto", f"paths.runs={tmp_path}")
    parent = tmp_path / "vae-digits"
    assert choose_run(cfg, SPEC, None, None).existing is None
    unfinished(cfg, parent, "2020-01-01_00-00-00")
    newest = unfinished(cfg, parent, "2020-01-02_00-00-00")
    unfinished(cfg, parent, "2020-01-03_00-00-00", status="finished")
    unfinished(cfg, parent, "2020-01-04_00-00-00", digest="other")
    assert choose_run(cfg, SPEC, None, None).existing.path == newest.path
    newest.hold()
    try:
        assert choose_run(cfg, SPEC, None, None).existing.run_id == "2020-01-01_00-00-00"
        with pytest.raises(ConfigError, match="another process"):
            RunDirectory(newest.path).hold()
    finally:
        newest.release()


def test_auto_refuses_a_run_id_of_another_configuration(composed, tmp_path):
    cfg = composed("resume=auto", "run_id=mine", f"paths.runs={tmp_path}")
    assert choose_run(cfg, SPEC, None, None).run_id == "mine"
    unfinished(cfg, tmp_path / "vae-digits", "mine", digest="other")
    with pytest.raises(ConfigError, match="another configuration"):
        choose_run(cfg, SPEC, None, None)


def test_the_digest_is_of_what_is_trained(composed):
    base = config_digest(composed(), "d")
    same = ["trainer.max_epochs=99", "paths.runs=x", "logger=csv", "callbacks=trace", "name=x", "tags=[a]"]
    same += ["trainer.devices=2", "resume=auto", "checkpoint.every_minutes=1", "performance.threads=1"]
    for override in same:
        assert config_digest(composed(override), "d") == base, override
    for override in ["model.beta=2", "seed=1", "data.batch_size=3", "trainer.precision=64-true", "data.limit=5"]:
        assert config_digest(composed(override), "d") != base, override
    assert config_digest(composed(), "e") != base


def test_paths_that_are_no_runs_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        run_of(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="is not a run directory"):
        run_of(tmp_path)
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
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
    summary.update(status="running", metrics={"val/loss": 1.5, "val/fid": math.nan, "test/kl": math.inf})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"status": "running", "metrics": {"val/loss": 1.5}}
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
        assert run_of(tmp_path / "latest").path == directory.path
        assert checkpoint_file(tmp_path / "latest") == directory.checkpoints / "last.ckpt"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "one", "two"]
