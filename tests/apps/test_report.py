"""``report.py`` as users run it: the file it writes, what it says, and what it refuses, leaving nothing."""

import pytest

import run_folders
from genlab.apps.command import main as door
from genlab.contracts import CheckpointError, ConfigError


@pytest.fixture
def runs(tmp_path):
    """A folder of two runs, one of them broken."""
    run_folders.write(tmp_path / "runs", "vae/a", {"test/mse": 0.1})
    run_folders.write(tmp_path / "runs", "vae/b", {"test/mse": 0.2}, keys={"model.beta": 4.0})
    (tmp_path / "runs" / "vae" / "b" / "summary.json").write_text("{")
    return tmp_path / "runs"


def test_one_file_is_written_and_what_is_broken_is_said(runs, tmp_path, capfd):
    output = tmp_path / "some" / "where.html"
    assert door.run("report", [f"runs={runs}", f"output={output}", "title=Two runs"]) == 0
    text = output.read_text()
    assert "<title>Two runs</title>" in text
    assert "unreadable" in text
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "some"}
    said = capfd.readouterr().err
    assert "note      b: summary.json cannot be read" in said
    assert f"written to {output}: 2 runs, 0 pictures, " in said


def test_several_folders_and_a_single_run_are_taken_and_each_run_once(runs, tmp_path):
    asked = f"runs=[{runs},{runs}/vae/a]"
    assert door.run("report", [asked, f"output={tmp_path}/r.html"]) == 0
    assert "2 runs of" in (tmp_path / "r.html").read_text()
    assert door.run("report", [f"runs={runs}/vae/a", f"output={tmp_path}/r.html"]) == 0
    assert "1 run of" in (tmp_path / "r.html").read_text()


def test_check_only_writes_nothing(runs, tmp_path, capfd):
    assert door.run("report", [f"runs={runs}", f"output={tmp_path}/r.html", "check_only=true"]) == 0
    assert "2 runs; nothing was written" in capfd.readouterr().out
    assert not (tmp_path / "r.html").exists()


def test_what_cannot_be_is_refused(runs, tmp_path):
    with pytest.raises(CheckpointError, match="there is no run in"):
        door.run("report", [f"runs={runs}/vae/a/images"]) if (runs / "vae/a/images").mkdir() is None else None
    with pytest.raises(CheckpointError, match="does not exist"):
        door.run("report", [f"runs={tmp_path}/nowhere"])
    with pytest.raises(ConfigError, match="is a folder\n.*report.html"):
        door.run("report", [f"runs={runs}", f"output={tmp_path}"])
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written"):
        door.run("report", [f"runs={runs}", f"output={tmp_path}/file/r.html"])
