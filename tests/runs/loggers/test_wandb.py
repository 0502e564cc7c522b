"""W&B: rows over our own step, one id over all resumes wherever the run lies, online only where that can work."""

import shutil
import socket
import struct
from contextlib import closing

import pytest
import wandb
from PIL import Image
from wandb.proto.wandb_internal_pb2 import Record

from genlab.runs.loggers.wandb import WandbLog, chosen_mode

from killing import rows
from striking import sends

CONFIGURED = {
    "wandb": {"_target_": "genlab.runs.loggers.wandb.WandbLog", "project": "p", "entity": None, "mode": "auto"}
}


class Refusing:
    """Stands in for a W&B run: keeps what it is told, and takes no step of W&B's own, which would drop rows after a resume."""

    url = "https://wandb.example/run"

    def __init__(self, **given):
        self.given, self.rows, self.axes, self.summary, self.ended = given, [], {}, {}, None

    def define_metric(self, name, *, step_metric):
        self.axes[name] = step_metric

    def log(self, row):
        self.rows.append(row)

    def finish(self, *, exit_code):
        self.ended = exit_code


@pytest.fixture
def opened(monkeypatch):
    """Every run that is opened, in order."""
    runs = []

    def init(**given):
        runs.append(Refusing(**given))
        return runs[-1]

    monkeypatch.setattr(wandb, "init", init)
    return runs


def test_a_run_of_two_players_is_recorded_over_batches_under_one_id_wherever_it_lies(opened, breakable):
    pictures = {"_target_": "genlab.callbacks.pictures.Pictures", "every_n_epochs": 1, "count": 4}
    job = breakable("dcgan", logger=CONFIGURED, callbacks={"pictures": pictures})
    assert job.until(sends("train", 7, "SIGTERM")).exit_code == 143
    elsewhere = job.run.parents[1] / "moved" / "a"
    shutil.copytree(job.run, elsewhere)  # another place and another inode
    shutil.rmtree(job.run)
    assert job.until(name="moved") is None
    first, second = opened
    assert first.given["id"] == second.given["id"]
    assert {run.given["resume"] for run in opened} == {"allow"}
    assert [run.axes for run in opened] == [{"*": "step"}] * 2
    assert [run.ended for run in opened] == [143, 0]
    table = rows(elsewhere / "metrics.csv")
    for name in ("train/loss_d", "val/loss_g", "test/loss_d"):
        logged = [(row["step"], row[name]) for run in opened for row in run.rows if name in row]
        assert logged == [(int(row["step"]), float(row[name])) for row in table if row[name]], name
    assert [row["step"] for row in first.rows] == list(range(1, 8))
    shown = [row["step"] for row in second.rows if "images/samples" in row]
    assert shown == [17, 34]
    assert second.summary["test/loss_d"] == float(table[-1]["test/loss_d"])


def test_two_runs_have_two_ids(opened, breakable):
    job = breakable("dcgan", logger=CONFIGURED, trainer={"max_steps": 1})
    assert [job.until(name=name) for name in ("one", "other")] == [None, None]
    assert opened[0].given["id"] != opened[1].given["id"]


def recorded(path):
    """The records of a ``.wandb`` file: after seven bytes, blocks of 32 KiB of pieces (checksum, length, place, bytes)."""
    data, place, whole = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:  # no room for the next piece
            place += 32768 - place % 32768
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        whole, place = whole + data[place + 7 : place + 7 + length], place + 7 + length
        if kind in (1, 4):  # a whole one, or the last piece of one
            yield Record.FromString(whole)
            whole = b""


def test_w_and_b_itself_keeps_rows_whose_step_goes_back(tmp_path):
    """Recorded offline, by W&B's own program."""
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    log = WandbLog("project", None, "offline")
    log.open(tmp_path, "0123456789ab", "name", {"seed": 0}, ["tag"], "notes")
    log.log_metrics({"train/loss": 1.5}, 34)
    log.log_metrics({"train/loss": 2.5}, 17)
    log.log_picture("samples", tmp_path / "a.png", 17)
    log.close({"test/loss": 0.5}, 0)
    wandb.teardown()  # as at the end of a process: W&B's own one has written everything then
    (file,) = (tmp_path / "wandb").glob("offline-run-*-0123456789ab/run-0123456789ab.wandb")
    records = list(recorded(file))
    found = [{item.nested_key[0]: item.value_json for item in r.history.item} for r in records if r.history.item]
    assert [(row["step"], row.get("train/loss")) for row in found] == [("34", "1.5"), ("17", "2.5"), ("17", None)]
    assert "images/samples" in found[2]
    assert [(r.metric.glob_name, r.metric.step_metric) for r in records if r.HasField("metric")][0] == ("*", "step")


@pytest.fixture
def server(monkeypatch, tmp_path):
    """An address that takes connections, and no key; ``close`` it, and it takes none."""
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def test_online_needs_a_key_and_an_answer(server, monkeypatch, tmp_path):
    assert chosen_mode("auto") == ("offline", "no key: wandb login")
    (tmp_path / "netrc").write_text("machine other.example login user password x")
    assert chosen_mode("auto") == ("offline", "no key: wandb login")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password x")
    assert chosen_mode("auto") == ("online", "")
    (tmp_path / "netrc").unlink()
    monkeypatch.setenv("WANDB_API_KEY", "x")
    assert chosen_mode("auto") == ("online", "")
    server.close()
    assert chosen_mode("auto") == ("offline", "the server does not answer")
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    assert chosen_mode("auto") == ("dryrun", "WANDB_MODE")
    assert chosen_mode("online") == ("online", "as asked")


def test_a_server_that_refuses_the_run_lets_it_be_recorded_offline(opened, monkeypatch, tmp_path, capsys):
    accepting = wandb.init

    def refusing(*, mode, **given):
        if mode == "online":
            raise wandb.errors.CommError("no such project")
        return accepting(mode=mode, **given)

    monkeypatch.setattr(wandb, "init", refusing)
    WandbLog("project", None, "online").open(tmp_path, "a", "name", {}, [], "")
    assert [run.given["mode"] for run in opened] == ["offline"]
    said = capsys.readouterr().err
    assert "no such project" in said
    assert "offline (the server failed)" in said
