"""W&B, its own service, and a server beside it: rows over our step, one id over all resumes, and nothing ends a training."""

import errno
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import struct
from time import monotonic

import numpy as np
import pytest
import wandb
from click.testing import CliRunner
from PIL import Image
from wandb.cli.cli import cli
from wandb.proto.wandb_internal_pb2 import Record
from wandb.sdk.wandb_setup import singleton

from genlab import files
from genlab.runs import checkout, final_table
from genlab.runs.loggers import wandb as ours
from genlab.runs.loggers.wandb import WandbLog
from genlab.runs.loggers.wandb_mode import chosen_mode
from genlab.runs.loggers.wandb_pieces import mend, whole
from genlab.runs.loggers.wandb_service import PLACES
from genlab.sound.writing import as_wav

from killing import rows
from striking import sends
from wandb_server import serving

CONFIGURED = {
    "wandb": {
        "_target_": "genlab.runs.loggers.wandb.WandbLog",
        "project": "p",
        "entity": None,
        "mode": "auto",
        "log_model": False,
    }
}
ID, KEY = "0123456789ab", "k" * 40


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """W&B as in a new process of a user who has chosen nothing."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_SILENT", *PLACES):
        monkeypatch.setenv(name, "")  # so that it is put back, whoever sets it meanwhile
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.chdir(tmp_path)
    wandb.teardown()
    yield
    wandb.teardown()


@pytest.fixture
def server(monkeypatch):
    """A server, and a key for it."""
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        yield server
        wandb.teardown()


def opened(folder, mode="auto", tags=(), notes="", log_model=False):
    log = WandbLog("project", None, mode, log_model)
    log.open(folder, ID, "name", {"seed": 0}, list(tags), notes)
    return log


def logged(log, *steps):
    for step in steps:
        log.log_metrics({"train/loss": step / 2}, step)


def synced(said):
    """Do what the last line about W&B says, after the process: W&B's own one may have a row still to write until then."""
    wandb.teardown()
    command = re.findall(r"wandb (sync .*)", said)[-1]
    done = CliRunner().invoke(cli, shlex.split(command))
    assert done.exit_code == 0, done.output


def steps_of(run):
    return [row["step"] for row in run.rows]


def service():
    """W&B's own process."""
    return singleton()._connection._proc._process


def kill_service():
    """As the system does where memory runs out."""
    killed = service()
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()


# ---- what is recorded -------------------------------------------------------------------------------------------------


def test_a_run_of_two_players_is_recorded_over_batches_under_one_id_wherever_it_lies(server, breakable):
    pictures = {"_target_": "genlab.callbacks.pictures.Pictures", "every_n_epochs": 1, "count": 4}
    job = breakable("dcgan", logger=CONFIGURED, callbacks={"pictures": pictures})
    assert job.until(sends("train", 7, "SIGTERM")).exit_code == 143
    elsewhere = job.run.parents[1] / "moved" / "a"
    (run,) = server.runs.values()
    assert run.exit == 143
    shutil.copytree(job.run, elsewhere)  # another place and another inode
    shutil.rmtree(job.run)
    assert job.until(name="moved") is None
    assert list(server.runs.values()) == [run]
    assert run.exit == 0
    table = rows(elsewhere / "metrics.csv")
    for name in ("train/loss_d", "val/loss_g", "test/loss_d"):
        recorded = [(row["step"], row[name]) for row in run.rows if name in row]
        assert recorded == [(int(row["step"]), float(row[name])) for row in table if row[name]], name
    assert [row["step"] for row in run.rows if "images/samples" in row] == [17, 34]
    assert run.summary["test/loss_d"] == float(table[-1]["test/loss_d"])
    (final,) = (one for one in server.store.artifacts.values() if one.type == "run_table")
    found = {row[0]: row[1] for row in json.loads(final.files["final.table.json"])["data"]}
    assert found == json.loads((elsewhere / "summary.json").read_text())["metrics"]


def test_two_runs_have_two_ids(server, breakable):
    job = breakable("dcgan", logger=CONFIGURED, trainer={"max_steps": 1})
    assert [job.until(name=name) for name in ("one", "other")] == [None, None]
    assert len(server.runs) == 2


def recorded(data):
    """The records of a ``.wandb`` file: after seven bytes, blocks of 32 KiB of pieces (checksum, length, place, bytes)."""
    place, found = 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:  # no room for the next piece
            place += 32768 - place % 32768
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        found, place = found + data[place + 7 : place + 7 + length], place + 7 + length
        if kind in (1, 4):  # a whole one, or the last piece of one
            yield Record.FromString(found)
            found = b""


def rows_of(records):
    """The rows among records: names to values in JSON."""
    return [{item.nested_key[0]: item.value_json for item in r.history.item} for r in records if r.history.item]


def test_w_and_b_itself_keeps_rows_whose_step_goes_back(tmp_path, monkeypatch):
    """Recorded offline, by W&B's own program, under the names of the environment."""
    for name, value in {"NAME": "nice", "TAGS": "mine", "NOTES": "why"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    log = opened(tmp_path, "offline", tags=["tag"])
    logged(log, 34, 17)
    log.log_picture("samples", tmp_path / "a.png", 17)
    (tmp_path / "a.wav").write_bytes(as_wav(np.zeros(80), 8000))
    log.log_sound("AtoB_1_back", tmp_path / "a.wav", 17)
    log.log_alert("collapsing", "to class 7")
    log.close({"test/loss": 0.5}, 0)
    wandb.teardown()  # as at the end of a process: W&B's own one has written everything then
    (file,) = (tmp_path / "wandb").glob(f"offline-run-*-{ID}/run-{ID}.wandb")
    records = list(recorded(file.read_bytes()))
    found = rows_of(records)
    assert [(row["step"], row.get("train/loss")) for row in found] == [
        ("34", "17"),
        ("17", "8.5"),
        ("17", None),
        ("17", None),
    ]
    assert "images/samples" in found[2]
    assert "sounds/AtoB_1_back" in found[3]
    (kept,) = (tmp_path / "wandb").glob("offline-run-*/files/media/audio/sounds/*.wav")  # it moves with the directory
    assert kept.read_bytes() == (tmp_path / "a.wav").read_bytes()
    (alert,) = (r.alert for r in records if r.HasField("alert"))
    assert (alert.title, alert.text, alert.level) == ("collapsing", "to class 7", "WARN")
    assert [(r.metric.glob_name, r.metric.step_metric) for r in records if r.HasField("metric")][0] == ("*", "step")
    run = next(r.run for r in records if r.HasField("run"))
    assert (run.run_id, run.display_name, sorted(run.tags), run.notes) == (ID, "nice", ["mine", "tag"], "why")


NUMBERS = {"test/fid_inception_100_vs_180": 3.5, "test/fid_inception_100_vs_180_se": 0.25, "val/psnr": 20.0}
COUNTS = {"test/fid_inception_100_vs_180": 100, "test/fid_inception_100_vs_180_real": 180}
BEST = {"metric": "val/loss", "value": 1.5, "step": 3}


@pytest.fixture
def done(tmp_path):
    """A run directory with a checkpoint and a difference of the code."""
    folder = tmp_path / "a run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "best.ckpt").write_bytes(b"weights")
    (folder / "code.diff").write_text("# commit\n")
    return folder


def concluded(folder, mode, log_model=True):
    """A run that is done."""
    log, rows = opened(folder, mode, log_model=log_model), final_table.rows(NUMBERS, COUNTS)
    final_table.write(folder, rows)
    log.log_table(rows, 7)
    log.log_checkpoint(folder / "checkpoints" / "best.ckpt", ["best"], BEST)
    log.close({"test/loss": 0.5}, 0)
    wandb.teardown()


def require_everything(server, folder):
    """The numbers, the code and the checkpoint have come to the server."""
    (model,), (table,) = server.store.named(f"model-{ID}"), server.store.named(f"run-{ID}-final")
    assert (model.type, sorted(model.aliases), model.metadata) == (
        "model",
        ["best", "latest"],
        {"file": "best.ckpt", **BEST},
    )
    assert (model.files["best.ckpt"], model.done, table.done) == (b"weights", True, True)
    found = json.loads(table.files["final.table.json"])
    first, second = (dict(zip(found["columns"], row, strict=True)) for row in found["data"])
    number = {"metric": "test/fid_inception_100_vs_180", "value": 3.5, "standard_error": 0.25, "generated": 100}
    assert {name: value for name, value in first.items() if value is not None} == number | {
        **{"real": 180, "extractor": "inception"}
    }
    assert {name: value for name, value in second.items() if value is not None} == {"metric": "val/psnr", "value": 20.0}
    assert server.store.files["code.diff"] == b"# commit\n"
    assert server.store.files["metrics.csv"] == (folder / "tables" / "metrics.csv").read_bytes()
    assert server.runs[ID].given["commit"] == checkout.commit()
    assert [row["step"] for row in server.runs[ID].rows if "final" in row] == [7]


def test_an_online_run_has_its_numbers_its_code_and_its_best_checkpoint(server, done, capfd):
    concluded(done, "online")
    require_everything(server, done)
    assert "without" not in capfd.readouterr().err


def test_an_offline_run_keeps_all_of_it_in_its_own_directory_for_later(server, done, tmp_path, monkeypatch, capfd):
    """Also where the best checkpoint is another one by then."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    concluded(done, "offline")
    assert not server.runs
    (file,) = (done / "wandb").glob("offline-run-*/*.wandb")
    records = list(recorded(file.read_bytes()))
    kept = {r.artifact.name: r.artifact for r in records if r.HasField("artifact")}
    assert sorted(kept) == [f"model-{ID}", f"run-{ID}-final"]
    places = [entry.local_path for artifact in kept.values() for entry in artifact.manifest.contents]
    assert all(place.startswith(f"{done.resolve()}/wandb/") for place in places)
    assert (done / "checkpoints" / "best.ckpt").stat().st_nlink == 2  # it takes no room
    files.write_json(done / "checkpoints" / "best.ckpt", "another")
    (done / "code.diff").unlink()
    synced(capfd.readouterr().err)
    require_everything(server, done)


def test_without_log_model_there_is_no_artifact_of_a_checkpoint(done):
    concluded(done, "offline", log_model=False)
    (file,) = (done / "wandb").glob("offline-run-*/*.wandb")
    names = [r.artifact.name for r in recorded(file.read_bytes()) if r.HasField("artifact")]
    assert names == [f"run-{ID}-final"]
    assert (done / "checkpoints" / "best.ckpt").stat().st_nlink == 1


def test_a_checkpoint_for_which_there_is_no_room_is_said_and_leaves_nothing(done, monkeypatch, capfd):
    """On a file system without second names."""

    def refused(*names):
        raise OSError(errno.EPERM, "no links here")

    def full(source, target):
        target.write_bytes(b"wei")
        raise OSError(errno.ENOSPC, "No space left on device")

    real = shutil.copyfile
    monkeypatch.setattr("os.link", refused)
    monkeypatch.setattr("shutil.copyfile", lambda a, b: full(a, b) if str(a).endswith(".ckpt") else real(a, b))
    concluded(done, "offline")
    said = capfd.readouterr().err.splitlines()[-1]
    assert said == f"W&B       without the checkpoint, which is {done}/checkpoints/best.ckpt (the disk is full)"
    (file,) = (done / "wandb").glob("offline-run-*/*.wandb")
    assert not list(file.parent.glob("checkpoints/*"))
    assert not list(file.parent.glob("checkpoints/.*"))
    assert any(r.HasField("exit") for r in recorded(file.read_bytes()))


def test_a_server_that_takes_no_artifacts_has_the_rest_of_the_run(server, done, capfd):
    server.store.answer = lambda query, given: None
    concluded(done, "online")
    _, *said = capfd.readouterr().err.splitlines()
    assert [line.partition(", which")[0] for line in said] == [
        "W&B       without the table of the final numbers",
        "W&B       without the checkpoint",
    ]
    assert server.runs[ID].summary["test/loss"] == 0.5
    assert {"code.diff", "metrics.csv"} <= server.store.files.keys()


# ---- how it is decided ------------------------------------------------------------------------------------------------


def chosen(mode="auto"):
    """The mode, as a new process would choose it."""
    wandb.teardown()
    return chosen_mode(mode, singleton().settings)


def test_online_needs_a_key_and_an_answer(server, monkeypatch, tmp_path):
    assert chosen() == ("online", "")
    monkeypatch.delenv("WANDB_API_KEY")
    assert chosen() == chosen("online") == ("offline", "no key: wandb login")
    (tmp_path / "netrc").write_text("machine other.example login user password x")
    assert chosen() == ("offline", "no key: wandb login")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password x")
    assert chosen() == ("online", "")
    server.shutdown()
    server.server_close()
    assert chosen() == ("offline", "the server does not answer")
    assert chosen("online") == ("online", "as asked")


def test_the_environment_and_w_and_bs_own_switches_are_obeyed(server, monkeypatch, tmp_path, capsys):
    CliRunner().invoke(cli, ["offline"])  # leaves a file in this folder
    assert chosen() == ("offline", "wandb offline")
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    assert chosen() == ("offline", "WANDB_MODE")
    assert chosen("online") == ("online", "as asked")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert chosen() == ("disabled", "WANDB_MODE")
    wandb.teardown()
    capsys.readouterr()
    log = opened(tmp_path / "run")
    logged(log, 1)
    log.close({}, 0)
    assert capsys.readouterr().err == "W&B       disabled (WANDB_MODE)\n"
    assert not (tmp_path / "run").exists()


# ---- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "why"), [(401, "the key is refused: wandb login --relogin"), (500, "Failed to get resume status")]
)
def test_a_server_that_refuses_the_run_lets_it_be_recorded_offline(status, why, server, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(ours, "START", 0.5)
    server.refuses = status
    log = opened(tmp_path / "a run")
    logged(log, 1, 2)
    log.close({"test/loss": 0.5}, 0)
    wandb.teardown()
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith("W&B       offline (")
    assert why in said
    server.refuses = None
    synced(said)
    assert steps_of(server.runs[ID]) == [1, 2]
    assert (server.runs[ID].exit, server.runs[ID].summary["test/loss"]) == (0, 0.5)


def test_all_pieces_of_a_run_are_uploaded_by_the_line_that_is_said_also_after_a_kill(
    server, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("WANDB_MODE", "offline")
    log = opened(tmp_path)
    logged(log, *range(300))
    kill_service()
    logged(log, *range(400, 1400))  # the first ones may be in its pipe
    log.close({}, 1)
    first, died = capfd.readouterr().err.splitlines()
    assert first.startswith("W&B       offline (WANDB_MODE). ")
    assert died.startswith("W&B       offline from here on (its service has died). ")
    assert first.partition(". ")[2] == died.partition(". ")[2]
    log = opened(tmp_path)  # a resume
    logged(log, 2000)
    log.close({}, 0)
    synced(capfd.readouterr().err)
    steps = steps_of(server.runs[ID])
    before, after = sum(step < 300 for step in steps), sum(step >= 400 for step in steps)
    assert after > 500
    assert steps == [*range(before), *range(1401 - after, 1400), 2000]
    assert server.runs[ID].exit == 0


def test_pieces_are_mended_when_the_process_that_writes_them_has_ended(tmp_path, monkeypatch):
    """It writes the last rows of a run after ``finish``: cut before, the piece would lose them all."""
    ended = []
    log = opened(tmp_path, "offline")
    logged(log, *range(10))
    log.close({}, 0)
    writer = service()
    monkeypatch.setattr(ours, "mend", lambda folder: [ended.append(writer.poll()), mend(folder)])
    opened(tmp_path, "offline").close({}, 0)
    assert ended == [0]
    first, _ = sorted((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert [row["step"] for row in rows_of(recorded(first.read_bytes()))] == [str(step) for step in range(10)]


def test_w_and_b_that_dies_again_is_left(tmp_path, monkeypatch, capfd):
    log = opened(tmp_path, "offline")
    for step in (1, 2):
        kill_service()
        logged(log, *[step] * 3)
    log.close({}, 0)
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == "W&B       not recorded from here on (its service has died). metrics.csv has every row."


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_turns_away_in_mid_run_does_not_hold_up_the_end(status, server, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(ours, "FINISH", 1.0)
    log = opened(tmp_path)
    server.refuses = status
    logged(log, 1, 2)
    began = monotonic()
    log.close({}, 0)
    wandb.teardown()
    assert monotonic() - began < 10
    url, warned = capfd.readouterr().err.splitlines()
    assert url == f"W&B       {server.url}/me/project/runs/{ID}"
    assert warned.startswith("W&B       warns: ")
    server.refuses = None
    synced(warned)
    assert steps_of(server.runs[ID]) == [1, 2]


def test_an_environment_that_w_and_b_cannot_take_is_said(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_BASE_URL", "nonsense")
    log = opened(tmp_path)
    logged(log, 1)
    log.close({}, 0)
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith("W&B       not recorded (")
    assert said.endswith("). metrics.csv has every row.")


def test_it_needs_no_home_directory(server, tmp_path, monkeypatch, capfd):
    """As in a container that runs as some number for a user."""

    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME", raising=False)
    log = opened(tmp_path / "run")
    logged(log, 1)
    log.close({}, 0)
    wandb.teardown()
    assert capfd.readouterr().err == f"W&B       {server.url}/me/project/runs/{ID}\n"
    assert steps_of(server.runs[ID]) == [1]


# ---- a piece that its service has left behind -------------------------------------------------------------------------


def test_wherever_a_piece_is_cut_off_its_whole_records_stay(tmp_path):
    log = opened(tmp_path, "offline")
    for step in range(60):
        log.log_metrics({"text": "long " * 200}, step)  # beyond the end of a block
    log.close({}, 0)
    wandb.teardown()
    (file,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    data = file.read_bytes()
    assert len(data) > 32768
    assert whole(data) == len(data)
    everything = list(recorded(data))
    for end in (*range(0, 400, 9), *range(32750, 32790), *range(len(data) - 40, len(data))):
        kept = list(recorded(data[: whole(data[:end])]))
        assert kept == everything[: len(kept)]
        file.write_bytes(data[:end])
        mend(tmp_path / "wandb")
        assert file.exists() == bool(kept)
        if kept:
            assert file.read_bytes() == data[: whole(data[:end])]
