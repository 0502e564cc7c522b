"""``doctor.py``: each fault of a run is found with its remedy, mended where it can be, and nothing is ever deleted."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from genlab.apps.command import main as door
from genlab.apps.command.arguments import read
from genlab.apps.command.run import configuration
from genlab.apps.doctor import run as run_doctor
from genlab.contracts import CheckpointError
from genlab.files import read_json, sha256, write_json
from genlab.runs import manifest
from genlab.runs.directory import RunDirectory, point_latest

SMALL = [
    "data=digits",
    "data.limit=40",
    "data.batch_size=10",
    "trainer.max_epochs=2",
    "model.latent_dim=3",
    "metrics=none",
]
SMALL += [
    "callbacks=none",
    "logger=csv",
    "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1",
    "performance.allocator=false",
]
SUMMARY, CONFIG, ROWS, LAST = "summary.json", "config.yaml", "metrics.csv", "checkpoints/last.ckpt"


@pytest.fixture(scope="module")
def original(tmp_path_factory, cache):
    """A whole run."""
    runs = tmp_path_factory.mktemp("original")
    assert door.run("train", [*SMALL, f"paths.runs={runs}", f"paths.cache={cache}", "run_id=a", "name=vae"]) == 0
    return runs / "vae" / "a"


@pytest.fixture
def run(original, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(original, tmp_path / "vae" / "a"))


@pytest.fixture(scope="module")
def usual():
    """The configuration of the command, composed once."""
    return configuration("doctor", ["run=x"], None).cfg


@pytest.fixture
def doctor(usual, capsys):
    """``doctor(PATH, …)``: the exit code, the table and the lines beside it."""

    def ask(path, *overrides):
        capsys.readouterr()
        code = run_doctor(OmegaConf.merge(usual, OmegaConf.from_dotlist([f"run={path}", *overrides])), [])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


def files(run):
    """What lies in a run, by the digest of its content: nothing of it may ever be lost."""
    return {sha256(path) for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


def change(path, at=-2000):
    """One byte is another."""
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)


def edit(run, **values):
    write_json(run / SUMMARY, read_json(run / SUMMARY) | values)


def died(run):
    edit(run, status="running", heartbeat={"time": "2017-07-14T02:40:00+00:00", "host": "elsewhere", "pid": 7})


def text(name, old, new):
    """Replace a text in a file of the run."""

    def act(run):
        content = (run / name).read_text()
        assert old in content
        (run / name).write_text(content.replace(old, new))

    return act


def cut(name, size):
    return lambda run: os.truncate(run / name, size + (run / name).stat().st_size * (size < 0))


def twice(run):
    lines = (run / ROWS).read_text().splitlines(keepends=True)
    (run / ROWS).write_text("".join([*lines, *lines[-2:]]))


def gone(*names):
    return lambda run: [(run / name).unlink() for name in names]


def made(name):
    return lambda run: (run / name).write_text("half")


def without_id(run):
    edit(run, wandb_id=None)
    text(CONFIG, "logger: {}", "logger: {wandb: null}")(run)


def dangling(run):
    (run.parent / "latest").symlink_to("nowhere")


# what happened, where it is found, what is said of it, and whether it can be mended
FAULTS = {
    "died": (died, SUMMARY, "says running, and the process is dead (alive on elsewhere (process 7)", True),
    "status": (lambda run: edit(run, status="odd"), SUMMARY, "its status is 'odd'", True),
    "summary cut": (cut(SUMMARY, 30), SUMMARY, "cannot be read", True),
    "summary gone": (gone(SUMMARY), SUMMARY, "missing", True),
    "last damaged": (lambda run: change(run / LAST), LAST, "damaged: its bytes are not", True),
    "last gone": (gone(LAST), LAST, "missing", True),
    "best damaged": (lambda run: change(run / "checkpoints/best.ckpt"), "checkpoints/best.ckpt", "damaged", True),
    "list cut": (cut("checkpoints/manifest.json", 20), "checkpoints/manifest.json", "cannot be read", True),
    "list gone": (gone("checkpoints/manifest.json"), "checkpoints/manifest.json", "missing: damage is seen", True),
    "no checkpoints": (lambda run: shutil.rmtree(run / "checkpoints"), LAST, "though the run is finished", False),
    "half-written": (made("checkpoints/.last.ckpt.77.tmp"), "checkpoints/.last.ckpt.77.tmp", "that was killed", True),
    "handed over": (made(".prepared.json"), ".prepared.json", "that was killed", True),
    "row cut": (cut(ROWS, -7), ROWS, "its last row is cut", True),
    "row of text": (text(ROWS, "\n3,", "\nx,"), ROWS, "1 of 8 rows are cut or no numbers", True),
    "rows twice": (twice, ROWS, "2 rows of steps that come twice", True),
    "other table": (text(ROWS, "step,epoch", "a,b"), ROWS, "its first line is not step,epoch,images,seconds", True),
    "rows gone": (gone(ROWS), ROWS, "missing, after 8 batches", False),
    "config cut": (cut(CONFIG, 40), CONFIG, "cannot be read", True),
    "config gone": (gone(CONFIG), CONFIG, "missing", True),
    "absent code": (text(CONFIG, "models.vae.VAE", "models.vae.VEA"), CONFIG, "vae.py has no VEA", False),
    "unknown key": (text(CONFIG, "latent_dim", "latent_dmi"), CONFIG, "model.latent_dmi: there is no such key", False),
    "old name": (text(CONFIG, "nets.by_size.BySize", "nets.by_size.Auto"), CONFIG, "earlier names", True),
    "overrides gone": (gone("overrides.txt"), "overrides.txt", "missing", False),
    "overrides cut": (text("overrides.txt", "run_id=a", "run_id"), "overrides.txt", "run_id: is no key=value", False),
    "no W&B id": (without_id, SUMMARY, "has no wandb_id", True),
    "failed": (lambda run: edit(run, status="failed", error="no sense"), SUMMARY, "the run failed: no sense", False),
    "failed before": (lambda run: edit(run, status="failed"), SUMMARY, "the run failed: ", False),
    "not written": (lambda run: edit(run, error="no room"), SUMMARY, "the run finished: no room", False),
    "latest": (dangling, "latest", "points at no run", True),
}  # fmt: skip


def test_a_whole_run_is_well_and_nothing_is_written(run, doctor):
    before = {path: path.stat().st_mtime_ns for path in run.parent.rglob("*")}
    assert door.run("doctor", read("doctor", [str(run)]).overrides) == 0
    for path in (run, run / LAST, run.parent):
        assert doctor(path, "deep=true", "repair=true")[:2] == (0, "1 run checked: all is well\n")
    assert {path: path.stat().st_mtime_ns for path in run.parent.rglob("*")} == before


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_with_a_remedy_and_mended_without_a_loss(name, run, doctor):
    act, where, words, can_be_mended = FAULTS[name]
    act(run)
    before = files(run)
    code, table, _ = doctor(run.parent)
    assert code == 3
    assert where in table and words in table, table
    assert files(run) == before  # looking changes nothing
    code, table, told = doctor(run.parent, "repair=true")
    assert code == (0 if can_be_mended else 3), table
    assert ("repaired " in told) is can_be_mended
    unedited = before - {sha256(run / SUMMARY)}  # whose status is corrected in its place
    assert len(unedited - files(run)) <= 1


def test_the_remedy_of_a_failed_run_is_its_last_checkpoint_where_there_is_one(run, doctor):
    edit(run, status="failed", error="no sense")
    code, table, _ = doctor(run)
    assert (code, table.endswith("1 run checked: 1 finding\n")) == (3, True)
    said = "".join(table.split())
    assert "Goonfromitslastcheckpoint:pythonsrc/train.pyresume=" in said
    shutil.rmtree(run / "checkpoints")
    code, table, _ = doctor(run, "repair=true")
    said = "".join(table.split())
    assert code == 3
    assert "nosense" in said
    assert "Ithasnocheckpoint.Trainitagain:pythonsrc/train.pyresume=" in said


def test_a_damaged_last_checkpoint_is_set_aside_and_the_one_before_takes_its_place(run, doctor):
    change(run / LAST)
    broken, before = sha256(run / LAST), sha256(run / "checkpoints/previous.ckpt")
    assert doctor(run, "repair=true")[0] == 0
    assert (sha256(run / "aside" / LAST), sha256(run / LAST)) == (broken, before)
    assert manifest.is_whole(run / LAST)
    change(run / LAST)
    change(run / "checkpoints/previous.ckpt")
    assert doctor(run, "repair=true")[0] == 3  # nothing is left to go on from
    assert sorted(path.name for path in (run / "aside/checkpoints").iterdir()) == [
        "last.ckpt",
        "last.ckpt-2",
        "previous.ckpt",
    ]


@pytest.mark.parametrize("fault", ["summary cut", "summary gone", "config cut", "config gone"])
def test_a_repaired_record_is_enough_to_go_on(fault, run, doctor, cache, original):
    FAULTS[fault][0](run)
    assert doctor(run, "repair=true")[0] == 0
    if "config" in fault:
        assert RunDirectory(run).configuration() == RunDirectory(original).configuration()
        return
    whole, mended = read_json(original / SUMMARY), read_json(run / SUMMARY)
    assert mended["status"] == "interrupted"
    same = {key for key, value in mended.items() if whole.get(key) == value}
    assert same >= {
        "name",
        "run_id",
        "model",
        "data",
        "config_digest",
        "data_digest",
        "wandb_id",
        "steps",
        "images",
        "seed",
    }
    again = [*SMALL, f"paths.runs={run.parents[1]}", f"paths.cache={cache}", "name=vae", "resume=auto"]
    assert door.run("train", again) == 0
    assert read_json(run / SUMMARY)["status"] == "finished"
    assert (run / ROWS).read_text().count("\n") == (original / ROWS).read_text().count("\n")


def test_rows_that_come_twice_leave_the_last_of_each_step(run, doctor):
    lines = (run / ROWS).read_text().splitlines(keepends=True)
    (run / ROWS).write_text("".join([*lines[:7], *lines[4:]]))  # a resume that did not cut the table
    assert doctor(run, "repair=true")[0] == 0
    assert (run / ROWS).read_text() == "".join(lines)


def test_a_run_that_is_trained_is_left_alone_here_and_elsewhere(run, doctor):
    edit(run, status="running")
    directory = RunDirectory(run)
    directory.hold()
    code, table, told = doctor(run, "repair=true")
    directory.release()
    assert (code, table) == (0, "0 runs checked: all is well\n")
    assert f"{run} is being trained; it is left alone" in told
    edit(run, status="running", heartbeat={"time": "2999-01-01T00:00:00+00:00", "host": "elsewhere", "pid": 7})
    assert "is being trained: on elsewhere (process 7)" in doctor(run, "repair=true")[2]
    assert read_json(run / SUMMARY)["status"] == "running"


def test_a_run_that_waits_for_its_job_is_well(run, doctor):
    edit(run, status="waiting")
    assert doctor(run, "repair=true")[0] == 0
    assert read_json(run / SUMMARY)["status"] == "waiting"


def test_deep_reads_the_weights_and_composes_the_command(run, doctor):
    checkpoint = torch.load(run / LAST, weights_only=True)
    next(iter(checkpoint["state_dict"].values())).fill_(float("nan"))
    torch.save(checkpoint, run / LAST)
    manifest.list_also(run / "checkpoints", "last.ckpt", sha256(run / LAST))
    text("overrides.txt", "model.latent_dim", "model.latent_dmi")(run)
    assert doctor(run)[0] == 0
    code, table, _ = doctor(run, "deep=true")
    assert code == 3
    assert "last.ckpt" in table and "latent_dmi" in table, table


def test_deep_sees_rows_that_the_checkpoint_had(run, doctor):
    lines = (run / ROWS).read_text().splitlines(keepends=True)
    (run / ROWS).write_text("".join(lines[:4]))
    assert doctor(run)[0] == 0
    code, table, _ = doctor(run, "deep=true")
    assert code == 3
    assert "3 rows, and the last checkpoint was saved after" in table


def test_every_run_below_a_folder_is_looked_at_and_no_table_that_a_command_left_in_one(run, doctor):
    other = Path(shutil.copytree(run, run.parents[1] / "multirun" / "t" / "0"))
    (run / "evaluate" / "t").mkdir(parents=True)
    write_json(run / "evaluate" / "t" / SUMMARY, {"split": "test"})
    point_latest(RunDirectory(run))
    died(other)
    code, table, _ = doctor(run.parents[1])
    assert code == 3
    assert "2 runs checked: 1 finding in 1 of them; repair=true mends 1" in table
    assert "multirun/t/0" in table


def test_what_is_no_run_is_refused_and_a_bare_word_is_the_path(tmp_path):
    (tmp_path / "empty").mkdir()
    for place, words in ((tmp_path / "nowhere", "does not exist"), (tmp_path / "empty", "there is no run in")):
        with pytest.raises(CheckpointError, match=words):
            door.run("doctor", [f"run={place}"])
    assert read("doctor", ["runs/it's a", "deep=true"]).overrides == ["run='runs/it\\'s a'", "deep=true"]
    assert read("doctor", ["~/runs"]).overrides == ["run='~/runs'"]
    assert read("doctor", ["a", "b"]).overrides == ["a", "b"]  # two are refused, as no key=value
    assert read("train", ["a"]).overrides == ["a"]
    assert json.dumps(read("doctor", ["run=a"]).overrides) == '["run=a"]'
