"""``-m``: every combination is checked before the first starts; each is a run directory; one that fails does not end it."""

import json
import sys

import pytest
from hydra import compose as hydra_compose

from genlab.apps.command.cells import Typed, suffix
from genlab.apps.command.multirun import Jobs, one_device, sweep
from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.overrides import forced, read
from genlab.config.session import own_hydra
from genlab.config.third_party import TRAINER
from genlab.contracts import ConfigError, DataError, Stopped


def test_combinations_are_those_of_all_values():
    cells = Typed("train", ["model.latent_dim=2,3", "seed=0", "model=vae,ae", "hydra.verbose=true"]).cells()
    assert len(cells) == 4
    assert ["model.latent_dim=3", "seed=0", "model=ae"] in cells


def test_the_problems_of_all_combinations_are_told_before_any_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        sweep("train", ["model.latent_dim=-1,abc,3", "trainer.max_epoch=3"])
    wheres = [problem.where for problem in caught.value.problems]
    assert sorted(wheres) == ["model.latent_dim=-1", "model.latent_dim=abc", "trainer.max_epoch"]
    assert not list(tmp_path.iterdir())


def test_hydra_composes_whatever_a_single_run_takes():
    typed = [f"trainer.{key}=null" for key in TRAINER]  # most of them are in no file
    typed += [
        "model=ae",
        "model/optimizer=sgd",
        "model.optimizer.nesterov=true",
        "~callbacks.pictures",
        "+callbacks.a.b=1",
    ]
    typed += ["metrics.kid=null", "data.batch_size=7", "trust=[a]", "notes='x, y=z'", "name=null"]
    items, mistakes = read(typed)
    assert not mistakes
    with own_hydra(Conf()):
        cfg = hydra_compose("train", forced(items, Conf()))
    assert cfg.trainer.keys() >= TRAINER.keys()
    assert (cfg.model.optimizer.nesterov, cfg.notes, cfg.callbacks.a.b) == (True, "x, y=z", 1)


def test_a_pattern_stands_for_the_options_that_it_fits():
    vaes = ["beta_vae", "cvae", "db_vae", "factor_vae", "hvae", "tc_vae", "vae", "vamp_vae"]
    assert Typed("train", ["model=glob(*vae)"]).cells() == [[f"model={name}"] for name in vaes]
    assert Typed("train", ["model=glob(beta*)"]).cells() == [["model=beta_vae"]]


def test_another_sweeper_chooses_the_values_and_the_first_are_checked():
    typed = Typed("train", ["hydra/sweeper=optuna", "seed=1,2", "model.beta=interval(1,4)", "data.limit=9"])
    assert typed.cells() == [["seed=1", "data.limit=9"]]
    assert typed.varied == {"seed", "model.beta"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("model=glob(nothing*)", "fits none of the options\n    Options: aae, ae, beta_vae"),
        ("seed=glob(*)", "there are no options to choose from"),
        ("seed=interval(0,3)", "has no end of values\n    Type: seed=a,b"),
        ("seed=range(0,0)", "stands for no value at all"),
        ("hydra/launcher=basic,x", "is one for the whole multirun"),
        (
            "hydra/launcher=submitit_local",
            "is not installed\n    Type: pip install hydra-submitit-launcher 'hydra-core>=",
        ),
        ("hydra/sweeper=optuna", "is not installed\n    Type: pip install hydra-optuna-sweeper"),
        ("hydra/launcher=nowhere", "there is no hydra/launcher of that name"),
        ("hydra.sweep.dri=x", "Hydra has no such setting"),
        ("hydra.launcher.n_jobs=2", "Hydra has no such setting"),
    ],
)
def test_what_hydra_would_refuse_is_told_before_it_starts(typed, said, monkeypatch):
    monkeypatch.setattr("genlab.apps.command.multirun.launched", lambda *_: pytest.fail("the sweep was begun"))
    with pytest.raises(ConfigError) as caught:
        sweep("train", [typed, "model.latent_dim=2,3"])
    assert str(caught.value).startswith(f"{typed}: {said}")
    assert len(caught.value.problems) == 1


def test_a_place_where_no_folder_can_be_made_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot make the folder of the multirun.*file.*paths.runs=DIR"):
        sweep("train", ["paths.runs=file/x", "seed=0,1"])


def test_a_mistake_of_all_combinations_is_told_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        sweep("train", ["model.nte=1,2", "seed=0,1"])  # the remedy has the value: model.net=1
    assert [problem.where for problem in caught.value.problems] == ["model.nte"]
    with pytest.raises(ConfigError) as caught:
        sweep("train", [f"resume={tmp_path}/a,{tmp_path}/b", "seed=0,1"])
    assert [problem.what.count("does not exist") for problem in caught.value.problems] == [1, 1]


def test_one_output_for_several_runs_is_refused():
    with pytest.raises(ConfigError, match=r"output=o: each of the 2 runs would write over the one before"):
        sweep("generate", ["ckpt=x", "seed=0,1", "output=o"])


@pytest.mark.parametrize(
    ("command", "overrides", "names"),
    [
        ("train", ["seed=1,2", "name=foo"], ["foo-seed_1", "foo-seed_2"]),
        ("train", ["seed=1,2"], ["vae-digits-seed_1", "vae-digits-seed_2"]),
        ("train", ["model=vae,ae"], [None, None]),  # <model>-<data> tells them apart
        ("train", ["model=vae,ae", "name=foo"], ["foo-model_vae", "foo-model_ae"]),
        ("train", ["name=a,b"], ["a", "b"]),
        ("train", ["name=a,b", "seed=3,4"], ["a-seed_3", "a-seed_4", "b-seed_3", "b-seed_4"]),
        ("train", ["resume=x,y"], [None, None]),  # has one
        ("train", ["seed=1", "name=foo"], ["foo"]),
        ("generate", ["ckpt=x", "seed=1,2"], [None, None]),
    ],
)
def test_each_run_has_a_name_of_its_own(command, overrides, names):
    typed = Typed(command, overrides)
    jobs = Jobs(command, typed, overrides)
    cells = [jobs.named(cell, "vae-digits") for cell in typed.cells()]
    assert [next((t[5:] for t in cell if t.startswith("name=")), None) for cell in cells] == names


def test_a_name_is_made_of_what_a_name_may_have():
    assert suffix(["++model.x=[1,2]", "data.path=/a b/c=d"], {"model.x", "data.path"}) == "-x_1_2-path_a_b_c_d"


def test_what_cannot_be_read_is_a_mistake_of_the_user():
    with pytest.raises(ConfigError, match="Put quotes around the value"):
        sweep("train", ["name=[a"])


@pytest.mark.parametrize("devices", ["2", "auto", "-1", "[0,1]", "'0,1'"])
def test_several_devices_are_refused(devices, monkeypatch):
    monkeypatch.setattr("genlab.apps.command.multirun.launched", lambda *_: pytest.fail("the sweep was begun"))
    with pytest.raises(ConfigError, match="one device"):
        sweep("train", [f"trainer.devices={devices}"])


@pytest.mark.parametrize("devices", ["1", "[3]"])
def test_one_device_of_any_number_is_accepted(devices):
    one_device(compose("train", [f"trainer.devices={devices}"]))


def test_each_combination_is_a_run_directory_and_a_failing_one_does_not_end_the_sweep(tmp_path, cache, trainings):
    arguments = ["-m", "init_from=/nowhere,null", "model.latent_dim=2,3", "data.limit=64", "trainer.max_epochs=1"]
    arguments += ["trainer.limit_val_batches=1", "name=probe"]  # the first is in no file
    arguments += ["logger=csv", "metrics=none", "callbacks=none", "trainer.accelerator=cpu"]
    (here := tmp_path / "here").mkdir()
    output = tmp_path / "said.txt"
    done = trainings.command("train", *arguments, folder=here, output=output, GENLAB_CACHE=str(cache))
    assert done.wait(120) == 2, done.said()
    assert [path.name for path in here.iterdir()] == ["runs"]
    (stamp,) = (here / "runs" / "multirun").iterdir()
    assert done.said().count("init_from=/nowhere: /nowhere does not exist") == 1
    assert {path.name for path in stamp.iterdir()} - {"latest", "multirun.yaml"} == {"2", "3"}
    for number, dim in (("2", 2), ("3", 3)):
        summary = json.loads((stamp / number / "summary.json").read_text())
        assert (summary["status"], summary["run_id"]) == ("finished", number)
        assert summary["name"] == f"probe-init_from_null-latent_dim_{dim}"
        assert f"run {int(number) + 1}/4   init_from=null model.latent_dim={dim}" in done.said()
        assert f"latent_dim: {dim}" in (stamp / number / "config.yaml").read_text()
        assert "trainer.limit_val_batches=1" in (stamp / number / "overrides.txt").read_text().splitlines()


def test_each_run_is_announced_and_a_mistake_met_while_running_is_told_once(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert sweep("train", ["data=folder", "data.path=nowhere", "seed=0,1", "model.latent_dim=2"]) == 2
    assert capfd.readouterr().err.splitlines() == [
        "run 1/2   seed=0",
        "error: data.path=nowhere: there is no such folder. Type: data.path=DIR with your pictures in it.",
        "run 2/2   seed=1",
        "error: the same as in run 1/2",
    ]
    assert not list(tmp_path.iterdir())


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
