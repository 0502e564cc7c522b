"""``resume=PATH``: the run's own configuration with what is typed on top, and a record that no wrong resume touches."""

import csv
import shutil

import pytest
import torch
from omegaconf import OmegaConf

from genlab.apps.command import main as door
from genlab.contracts import GenlabError
from genlab.files import sha256
from genlab.runs import manifest

AE = [
    "model=ae",
    "data=digits",
    "data.limit=40",
    "data.batch_size=10",
    "model.latent_dim=2",
    "metrics=none",
    "callbacks=none",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, cache):
    """A run of one epoch, of a model and a set that are not the default ones."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GENLAB_RUN_DIR", raising=False)
        patch.setenv("GENLAB_CACHE", str(cache))
        small = ["logger=csv", f"paths.runs={folder}", "name=min", "run_id=a", "performance.allocator=false"]
        assert door.run("train", [*AE, *small, "trainer.accelerator=cpu", "trainer.max_epochs=1"]) == 0
    return folder / "min" / "a"


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    return shutil.copytree(finished, tmp_path / "min" / "a")


def record(run):
    """Every file of a run."""
    return {path.relative_to(run): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def rows(run):
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def changed(run, name, change):
    """Change one tensor of the run's checkpoint, which stays a whole file."""
    path = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path)
    checkpoint["state_dict"][name] = change(checkpoint["state_dict"][name])
    torch.save(checkpoint, path)
    manifest.list_also(path.parent, path.name, sha256(path))


def test_what_is_not_typed_is_the_run_s_own(run, capsys):
    assert door.run("train", [f"resume={run}", "trainer.max_epochs=2"]) == 0
    said = capsys.readouterr().err
    assert "resume    trainer.max_epochs=2 (was 1)\n" in said
    cfg = OmegaConf.load(run / "config.yaml")
    assert (cfg.choices.model, cfg.choices.data, cfg.model.latent_dim, cfg.trainer.max_epochs) == ("ae", "digits", 2, 2)
    assert [int(row["step"]) for row in rows(run)][-1] == 8
    assert door.run("train", [f"resume={run}/checkpoints/last.ckpt", "trainer.max_epochs=3"]) == 0
    assert [int(row["step"]) for row in rows(run)][-1] == 12
    assert (run / "overrides.txt").read_text().splitlines()[:2] == ["model=ae", "data=digits"]


def test_where_things_lie_is_said_by_today_s_environment(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GENLAB_DATA", str(tmp_path / "moved"))
    assert door.run("train", [f"resume={run}", "trainer.max_epochs=2"]) == 0
    assert OmegaConf.load(run / "config.yaml").paths.data == str(tmp_path / "moved")


def test_a_typed_rate_is_the_one_that_is_used(run, capsys):
    changes = ["model.optimizer.lr=0.125", "model.optimizer.betas=[0.5,0.75]", "model/schedule=constant"]
    assert door.run("train", [f"resume={run}", "trainer.max_epochs=2", "trainer.log_every_n_steps=1", *changes]) == 0
    assert "model.optimizer.lr=0.125 (was " in capsys.readouterr().err
    assert {float(row["train/lr"]) for row in rows(run)[-2:] if row["train/lr"]} == {0.125}
    groups = torch.load(run / "checkpoints" / "last.ckpt")["optimizer_states"][0]["param_groups"]
    assert [tuple(group["betas"]) for group in groups] == [(0.5, 0.75)]


OTHERS = {
    "another model": [["model=vae"], ["model=gan"], ["model=cyclegan", "data=horse2zebra"], ["model=beta_vae"]],
    "another network": [["model.latent_dim=3"], ["model.likelihood=bernoulli"], ["model/net=mlp"], ["model/optimizer=sgd"]],
    "other data": [["data=mnist"], ["data.limit=50"], ["data.limit=null"], ["seed=1"]],
    "a mistake": [["trainer.max_epoch=2"], ["model.beta=2"], ["trainer.max_epochs=two"], ["data=none"]],
}  # fmt: skip


@pytest.mark.parametrize("check_only", [False, True])
@pytest.mark.parametrize("kind", OTHERS)
def test_a_wrong_resume_is_refused_and_touches_nothing(kind, check_only, run):
    before = record(run)
    for typed in OTHERS[kind]:
        with pytest.raises(GenlabError) as refused:
            door.run("train", [f"resume={run}", "trainer.max_epochs=2", *typed, f"check_only={check_only}"])
        assert refused.value.exit_code == 2
        if kind != "a mistake":
            assert "init_from=PATH in place of resume=PATH" in str(refused.value)
        assert record(run) == before, typed


def test_a_change_of_the_model_is_one_problem(run):
    with pytest.raises(GenlabError) as refused:
        door.run("train", [f"resume={run}", "model=gan"])
    assert [problem.where for problem in refused.value.problems] == ["model=gan"]


NAME = "encoder.1.weight"


@pytest.mark.parametrize("change", [lambda x: x[:, 1:], lambda x: x * float("nan"), lambda x: x / 0])
def test_weights_that_do_not_load_are_refused_before_the_record_is_touched(change, run):
    changed(run, NAME, change)
    before = record(run)
    for more in ([], ["check_only=true"]):
        with pytest.raises(GenlabError, match=NAME.replace(".", r"\.")) as refused:
            door.run("train", [f"resume={run}", "trainer.max_epochs=2", *more])
        assert refused.value.exit_code == 2
        assert record(run) == before


def test_optimisers_of_more_weights_are_refused_before_the_record_is_touched(run):
    """Of an earlier version, whose learned sigma was moved by the optimiser."""
    path = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path)
    group = checkpoint["optimizer_states"][0]["param_groups"][0]
    group["params"].append(len(group["params"]))
    torch.save(checkpoint, path)
    manifest.list_also(path.parent, path.name, sha256(path))
    before = record(run)
    with pytest.raises(GenlabError, match=rf"Start a new run from its weights: init_from={path}") as refused:
        door.run("train", [f"resume={run}", "trainer.max_epochs=2"])
    assert refused.value.exit_code == 2
    assert record(run) == before


def test_what_makes_a_run_no_longer_composes(run):
    (run / "overrides.txt").write_text("model=own\n")
    before = record(run)
    with pytest.raises(GenlabError, match=r"overrides.txt of the run does not fit any more \(model=own") as refused:
        door.run("train", [f"resume={run}"])
    assert refused.value.exit_code == 2
    assert record(run) == before


@pytest.mark.parametrize("command", ["evaluate", "generate"])
def test_weights_that_are_no_numbers_are_refused_by_every_command(command, run):
    changed(run, NAME, lambda x: x * float("inf"))
    with pytest.raises(GenlabError, match=r"encoder\.1\.weight holds values that are not finite"):
        door.run(command, [f"ckpt={run}"])


def test_weights_of_another_model_say_what_they_are(run, tmp_path):
    for model in ("vae", "gan"):
        with pytest.raises(
            GenlabError,
            match=r"the networks differ: \S+ is .* there and .* here. The weights are of model=ae data=digits",
        ):
            door.run(
                "train",
                [f"model={model}", "data=digits", f"init_from={run}", f"paths.runs={tmp_path}/runs", "logger=csv"],
            )
    assert not (tmp_path / "runs").exists()


def test_pictures_that_have_moved_are_found_by_every_command_that_reads_them(train, pictures, tmp_path, capsys):
    here = shutil.copytree(pictures, tmp_path / "here")
    small = [
        "model=ae",
        "data=folder",
        "data.image_size=8",
        "data.limit=20",
        "model.latent_dim=2",
        "metrics=none",
        "callbacks=none",
    ]
    made = train(*small, f"data.path={here}", "data.batch_size=4", "trainer.max_epochs=1")
    there = here.rename(tmp_path / "there")
    for command in ("evaluate", "generate"):
        typed = [f"ckpt={made}", *(["metrics=none"] if command == "evaluate" else ["what=reconstruct", "n=1"])]
        with pytest.raises(GenlabError, match=r"here: there is no such folder. Type: data\.path=DIR"):
            door.run(command, typed)
        assert door.run(command, [*typed, f"data.path={there}"]) == 0
    capsys.readouterr()
    assert door.run("train", [f"resume={made}", f"data.path={there}", "trainer.max_epochs=2"]) == 0
    assert f"data.path={there} (was {here})" in capsys.readouterr().err
    next(there.rglob("*.jpg")).unlink()
    with pytest.raises(
        GenlabError, match=r"are not those that .* was trained on. Give the folder that has them: data\.path=DIR"
    ):
        door.run("evaluate", [f"ckpt={made}", "metrics=none", f"data.path={there}"])
    with pytest.raises(GenlabError, match="the images have changed"):
        door.run("train", [f"resume={made}", "trainer.max_epochs=3"])


def test_a_set_without_a_folder_of_one_s_own_says_so(run, tmp_path):
    with pytest.raises(GenlabError, match=r"data\.path=.*: the images of data=digits lie in no folder"):
        door.run("evaluate", [f"ckpt={run}", "metrics=none", f"data.path={tmp_path}"])
