"""``-m``: every combination is checked before the first starts; each is a run directory; one that fails does not end it."""

import json
import sys

import pytest

from genlab.apps.command.multirun import combinations, one_device, sweep
from genlab.config.compose import compose
from genlab.contracts import ConfigError, Stopped


def test_combinations_are_those_of_all_values():
    cells = combinations("train", ["model.latent_dim=2,3", "seed=0", "model=vae,ae", "hydra.verbose=true"])
    assert len(cells) == 4
    assert ["model.latent_dim=3", "seed=0", "model=ae"] in cells


def test_the_problems_of_all_combinations_are_told_before_any_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        sweep("train", ["model.latent_dim=-1,abc,3", "trainer.max_epoch=3"])
    wheres = [problem.where for problem in caught.value.problems]
    assert sorted(wheres) == ["model.latent_dim=-1", "model.latent_dim=abc", "trainer.max_epoch"]
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_is_a_mistake_of_the_user():
    with pytest.raises(ConfigError, match="Put quotes around the value"):
        sweep("train", ["name=[a"])


@pytest.mark.parametrize("devices", ["2", "auto", "-1", "[0,1]", "'0,1'"])
def test_several_devices_are_refused(devices, monkeypatch):
    monkeypatch.setattr("genlab.apps.command.multirun.through_hydra", lambda *_: pytest.fail("the sweep was begun"))
    with pytest.raises(ConfigError, match="one device"):
        sweep("train", [f"trainer.devices={devices}"])


@pytest.mark.parametrize("devices", ["1", "[3]"])
def test_one_device_of_any_number_is_accepted(devices):
    one_device(compose("train", [f"trainer.devices={devices}"]))


def test_each_combination_is_a_run_directory_and_a_failing_one_does_not_end_the_sweep(tmp_path, cache, trainings):
    arguments = ["-m", "resume=/nowhere,null", "model.latent_dim=2,3", "data.limit=64", "trainer.max_epochs=1"]
    arguments += ["trainer.limit_val_batches=1"]  # which no file has
    arguments += ["logger=csv", "metrics=none", "callbacks=none", "trainer.accelerator=cpu"]
    (here := tmp_path / "here").mkdir()
    output = tmp_path / "said.txt"
    done = trainings.command("train", *arguments, folder=here, output=output, GENLAB_CACHE=str(cache))
    assert done.wait(120) == 2, done.said()
    assert done.said().count("resume=/nowhere") == 2
    assert [path.name for path in here.iterdir()] == ["runs"]
    (stamp,) = (here / "runs" / "multirun").iterdir()
    assert {path.name for path in stamp.iterdir()} - {"latest", "multirun.yaml"} == {"2", "3"}
    for number, dim in (("2", 2), ("3", 3)):
        assert json.loads((stamp / number / "summary.json").read_text())["status"] == "finished"
        assert f"latent_dim: {dim}" in (stamp / number / "config.yaml").read_text()
        assert "trainer.limit_val_batches=1" in (stamp / number / "overrides.txt").read_text().splitlines()


def test_a_signal_ends_the_sweep_and_its_code_is_the_sweep_s(tmp_path, monkeypatch):
    begun = []

    def run(command, overrides, folder, config_dir):
        begun.append((overrides[0], folder.name))
        if len(begun) == 2:
            raise Stopped(143)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.setattr("genlab.apps.command.multirun.run", run)
    with pytest.raises(Stopped) as stopped:
        sweep("train", ["model.latent_dim=2,3,4"])
    assert stopped.value.exit_code == 143
    assert begun == [("model.latent_dim=2", "0"), ("model.latent_dim=3", "1")]
    monkeypatch.setattr(
        "genlab.apps.command.multirun.run", lambda command, overrides, folder, _: 3 * (folder.name == "0")
    )
    assert sweep("train", ["seed=0,1"]) == 3
