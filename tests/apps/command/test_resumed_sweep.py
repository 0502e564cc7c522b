"""``-m … resume=auto``: the newest unfinished multirun of the same line goes on in its folder; nothing is trained twice."""

import os

import pytest
from omegaconf import OmegaConf

from genlab.apps.command import multirun
from genlab.apps.command.resumed_sweep import sweep_to_continue
from genlab.contracts import Stopped
from genlab.files import write_json
from genlab.runs.directory import RunDirectory

LINE = ["model=vae", "++model.latent_dim=2,3,4", "++seed=1"]
AUTO = [*LINE, "++resume=auto"]


@pytest.fixture
def made(tmp_path):
    """``made(name, age, line, *statuses)``: the folder of a multirun, as Hydra and its runs leave it."""

    def make(name, age, line, *statuses):
        folder = tmp_path / "multirun" / name
        for number, status in enumerate(statuses):
            (folder / str(number)).mkdir(parents=True)
            write_json(folder / str(number) / "summary.json", {"status": status})
        record = {"hydra": {"overrides": {"hydra": ["hydra.mode=MULTIRUN"], "task": line}}}
        OmegaConf.save(record, folder / "multirun.yaml")
        os.utime(folder / "multirun.yaml", (1000 - age, 1000 - age))
        return folder

    return make


def test_the_newest_unfinished_one_of_the_same_line_goes_on(made, tmp_path, capsys):
    assert sweep_to_continue(AUTO, tmp_path, 3) is None
    assert "no unfinished multirun of the same line, so a new one begins" in capsys.readouterr().err
    made("oldest", 3, LINE, "finished", "interrupted")
    older = made("older", 2, LINE, "finished", "running")
    newer = made("newer", 1, ["++resume=auto", *LINE], "finished", "failed", "finished")
    made("done", 0, LINE, "finished", "finished", "finished")
    made("another", 0, [*LINE[:2], "++seed=2"], "interrupted")
    assert sweep_to_continue(AUTO, tmp_path, 3) == newer
    assert f"resume    the multirun {newer}\n" in capsys.readouterr().err
    lock = RunDirectory(newer / "1")
    lock.hold()  # another process is training it
    assert sweep_to_continue(AUTO, tmp_path, 3) == older
    lock.release()


@pytest.mark.parametrize("line", [LINE, [*LINE, "++resume=null"], [*AUTO, "hydra.sweep.dir=runs/mine"]])
def test_none_is_looked_for_without_being_asked_and_where_the_folder_is_typed(line, made, tmp_path, capsys):
    made("older", 2, LINE, "interrupted")
    assert sweep_to_continue(line, tmp_path, 3) is None
    assert sweep_to_continue(AUTO, tmp_path, 0) is None  # the sweeper chooses while it runs
    assert capsys.readouterr().err == ""


def test_a_stopped_multirun_says_how_it_goes_on_and_does_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begun = []

    def run(command, overrides, folder, config_dir):
        begun.append(folder)
        folder.mkdir(exist_ok=True)
        write_json(folder / "summary.json", {"status": "finished" if len(begun) != 2 else "interrupted"})
        if len(begun) == 2:
            raise Stopped(143, "stopped by SIGTERM; saved")
        return 0

    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setattr(multirun, "run", run)
    with pytest.raises(
        Stopped, match="SIGTERM; saved\n    The multirun ends with it. Continue: the same line and resume"
    ):
        multirun.sweep("train", ["seed=1,2"])
    monkeypatch.setattr("sys.argv", ["train.py"])
    assert multirun.sweep("train", ["seed=1,2", "resume=auto"]) == 0
    assert [folder.name for folder in begun] == ["0", "1", "1"]
    assert begun[1] == begun[2]
