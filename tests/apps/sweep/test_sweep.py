"""A sweep from its file to its cells: what is refused before anything starts, and what each cell is."""

import csv
import json

import pytest

from genlab.apps.command.main import dispatch
from genlab.apps.command.passed_on import own, passed_on
from genlab.apps.sweep import check
from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.metric_names import metric_names
from genlab.apps.sweep.typed import narrowed
from genlab.config.compose import compose
from genlab.contracts import ConfigError
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.spec import read_sweep

from sweeping import GRID

SHORT = ["trainer.max_steps=2", "data=digits", "data.limit=60", "logger=csv", "metrics=none", "callbacks=none"]


@pytest.fixture
def sweep_file(tmp_path):
    """A function that writes a sweep file; by itself a grid of 2 x 2 cells."""

    def write(text=GRID, name="beta.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def mistakes(*arguments):
    """The message of a line that is refused."""
    with pytest.raises(ConfigError) as refused:
        dispatch("sweep", [str(argument) for argument in arguments])
    return str(refused.value)


# ---- the command line -----------------------------------------------------------------------------------------------


def test_the_line_is_divided_into_the_sweep_s_keys_and_those_of_every_cell():
    line = [
        "file=a.yaml",
        "workers=2",
        "model.beta=1,4",
        "+model.new=1",
        "paths.runs=here",
        "slurm.gpus=0",
        "trust=[a]",
    ]
    assert own("sweep", line) == ["file=a.yaml", "workers=2", "paths.runs=here", "slurm.gpus=0", "trust=[a]"]
    assert passed_on("sweep", line) == ["model.beta=1,4", "+model.new=1", "paths.runs=here", "trust=[a]"]


def test_typed_values_narrow_a_parameter_fix_it_or_add_one(sweep_file):
    file, rest = narrowed(
        read_sweep(sweep_file()), ["model.beta=2,3", "model.latent_dim=5", "seed=1,2", "name=x"], None
    )
    choice = Choice(file, 0, 1, None)
    assert [trial.values for trial in choice.trials()] == [
        {"model.beta": beta, "seed": seed} for beta in (2, 3) for seed in (1, 2)
    ]
    assert choice.fixed() == {"model": "beta_vae", "model.latent_dim": 5}
    assert rest == ["name=x"]


REFUSED = {
    "workers=0": ["workers=0", "at least 1"],
    "workrs=2": ["workrs=2", "Did you mean workers=2"],
    "model.bta=1": ["model.bta", "Did you mean model.beta=1"],
    "engine=slrum": ["engine", "'local', 'slurm' or 'wandb'"],
    "resume=nowhere": ["nowhere", "does not exist", "sweep.json"],
    "run_id=x": ["run_id=x", "each run of a sweep has its own"],
    "modle=vae": ["Did you mean model=vae"],
    "model.beta=1,abc": ["model.beta=abc", "a number"],
}


@pytest.mark.parametrize("typed", REFUSED)
def test_a_mistake_beside_the_file_is_one_message_and_nothing_is_made(typed, sweep_file, tmp_path):
    said = mistakes(sweep_file(), typed, f"paths.runs={tmp_path / 'runs'}")
    assert all(word in said for word in REFUSED[typed]), said
    assert not (tmp_path / "runs").exists()


def test_slurm_is_asked_for_where_it_is(sweep_file, tmp_path, cache, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = mistakes(sweep_file(), "engine=slurm", *SHORT, f"paths.runs={tmp_path / 'runs'}", f"paths.cache={cache}")
    assert "there is no Slurm on this machine" in said
    assert not (tmp_path / "runs").exists()
    assert "slurm.time=soon" in mistakes(sweep_file(), "engine=slurm", "slurm.time=soon")


def test_agents_of_wandb_run_the_file_as_it_stands(sweep_file):
    said = mistakes(sweep_file(), "engine=wandb", "model.beta=1", "replicates=2")
    assert "model.beta=1" in said and "replicates=2" in said and "Write it into the file" in said


IN_THE_FILE = {
    "an unknown parameter": ("model.beta:", "model.btea:", ["model.btea", "Did you mean model.beta"]),
    "a metric that is never logged": ("val/elbo", "val/elbow", ["val/elbow", "model=beta_vae", "val/elbo"]),
    "a method": ("grid", "gird", ["gird", "Did you mean", "grid"]),
    "an impossible value": ("[2, 8]", "[2, -8]", ["model.latent_dim=-8", "at least 1"]),
    "a random sweep without an end": ("grid", "random", ["run_cap", "Type: run_cap=20"]),
}


@pytest.mark.parametrize("what", IN_THE_FILE)
def test_a_mistake_in_the_file_is_one_message_and_nothing_is_made(what, sweep_file, tmp_path, cache):
    before, after, words = IN_THE_FILE[what]
    said = mistakes(sweep_file(GRID.replace(before, after)), f"paths.runs={tmp_path / 'runs'}", f"paths.cache={cache}")
    assert all(word in said for word in words), said
    assert not (tmp_path / "runs").exists()


def test_the_seed_cannot_be_a_parameter_and_be_replicated(sweep_file):
    assert "replicates" in mistakes(sweep_file(GRID.replace("model.latent_dim", "seed")), "replicates=2")


@pytest.mark.parametrize("seeds", ["values: [0, abc]", "values: [1.5]", "value: abc", "value: true"])
def test_a_seed_is_a_whole_number(seeds, sweep_file):
    text = GRID.replace("parameters:", f"parameters:\n  seed: {{{seeds}}}")
    assert "is no seed\n    Write whole numbers" in mistakes(sweep_file(text), *SHORT)


# ---- cells ----------------------------------------------------------------------------------------------------------


def test_every_run_has_its_values_its_seed_and_a_name_and_goes_on_by_itself(sweep_file):
    choice = Choice(read_sweep(sweep_file()), seed=5, replicates=2, cap=None)
    trials = Check(["model=beta_vae", *SHORT], None).all(choice.trials())
    assert [trial.key for trial in trials[:3]] == ["1-seed_5", "1-seed_6", "2-seed_5"]
    words = set(trials[-1].overrides)
    assert {"model.beta=4", "model.latent_dim=8", "seed=6", "resume=auto", "data=digits"} <= words
    assert "name=beta_vae-digits-beta_4-latent_dim_8" in words


def test_a_seed_of_the_file_is_that_of_every_run(sweep_file):
    choice = Choice(read_sweep(sweep_file(GRID.replace("parameters:", "parameters:\n  seed: {value: 7}"))), 0, 2, 1)
    trials = Check(["model=beta_vae", *SHORT], None).all(choice.trials())
    assert [[word for word in trial.overrides if "seed" in word] for trial in trials] == [["seed=7"], ["seed=8"]]


def test_of_runs_that_differ_in_their_seeds_alone_one_is_composed_and_every_seed_is_checked(sweep_file, monkeypatch):
    seen, whole = [], check.configuration
    monkeypatch.setattr(check, "configuration", lambda *words: seen.append(words) or whole(*words))
    text = GRID.replace("parameters:", "parameters:\n  seed: {values: [0, 1, 2, 4294967296]}")
    choice = Choice(read_sweep(sweep_file(text)), 0, 1, None)
    with pytest.raises(ConfigError, match="seed.*4294967296"):
        Check(["model=beta_vae", *SHORT], None).all(choice.trials())
    assert len(choice.trials()) == 16
    assert len(seen) == 4 + 2 + 4  # the settings, the other seeds, and the one that is refused each time


def test_a_name_that_is_typed_stays(sweep_file):
    choice = Choice(read_sweep(sweep_file()), 0, 1, cap=1)
    assert "name=mine" in Check(["model=beta_vae", "name=mine", *SHORT], None).all(choice.trials())[0].overrides


def test_random_cells_depend_on_the_seed_alone_and_more_of_them_begin_with_the_same(sweep_file):
    text = GRID.replace("grid", "random").replace("values: [1, 4]", "min: 0.5, max: 8.0")
    few, many, other = (Choice(read_sweep(sweep_file(text)), s, 1, n).settings() for s, n in ((0, 3), (0, 6), (1, 3)))
    assert many[:3] == few != other


@pytest.mark.parametrize("model, data", [("vae", "digits"), ("gan", "toy2d"), ("dcgan", "digits")])
def test_the_names_that_a_goal_may_have_are_those_that_a_run_logs(model, data, tmp_path, cache):
    overrides = [f"model={model}", f"data={data}", "data.limit=200", "trainer.max_steps=2", "logger=csv"]
    overrides += ["metrics.val_samples=20", "metrics.test_samples=20", "metrics.extractor=random", "callbacks=none"]
    overrides += [f"paths.runs={tmp_path}", f"paths.cache={cache}", "trainer.accelerator=cpu", "run_id=a"]
    overrides += ["trainer.log_every_n_steps=1", "data.batch_size=50"]
    found = metric_names(compose("train", overrides))
    dispatch("train", overrides)
    with open(next(tmp_path.glob("*/a/metrics.csv"))) as file:
        columns = {name for name in csv.DictReader(file).fieldnames if "/" in name}
    assert columns - {"train/images_per_second"} <= found
    columns |= {"val/modes_kl"} & found  # it is missing where no sample is good, as after two steps
    assert {name for name in found if name.startswith("val/")} == {n for n in columns if n.startswith("val/")}


# ---- the folder -----------------------------------------------------------------------------------------------------


def folder_of(tmp_path, sweep_file, **summaries):
    """A sweep of four cells with these states in their summaries."""
    folder = SweepFolder(tmp_path / "sweep")
    folder.path.mkdir()
    folder.begin(GRID, {"overrides": []})
    folder.append(Choice(read_sweep(sweep_file()), 0, 1, None).trials())
    for trial in folder.trials():
        if status := summaries.get(f"cell_{trial.key}"):
            folder.run_of(trial).mkdir()
            (folder.run_of(trial) / "summary.json").write_text(
                json.dumps({"status": status, "metrics": {"val/x": 1.0}})
            )
    return folder


def test_states_are_read_from_what_the_runs_leave(tmp_path, sweep_file):
    folder = folder_of(tmp_path, sweep_file, cell_1="finished", cell_2="running", cell_3="interrupted")
    trials = folder.trials()
    assert [folder.state(trial) for trial in trials] == ["finished", "interrupted", "interrupted", "waiting"]
    folder.prune(trials[2])
    folder.write_code(trials[3], 2)
    assert [row.state for row in folder.rows()] == ["finished", "interrupted", "pruned", "failed"]


def test_a_line_that_a_kill_has_cut_is_no_cell_and_is_gone_before_the_next(tmp_path, sweep_file):
    folder = folder_of(tmp_path, sweep_file)
    path, trials = folder.path / "trials.jsonl", folder.trials()
    with open(path, "a") as file:
        file.write('{"number": 5, "val')
    assert folder.trials() == trials
    folder.append(trials[:1])
    assert folder.trials() == [*trials, trials[0]]
    assert path.read_text().count("\n") == 5


def test_who_reads_the_trials_leaves_a_line_that_is_being_written(tmp_path, sweep_file):
    folder = folder_of(tmp_path, sweep_file)
    path = folder.path / "trials.jsonl"
    with open(path, "a") as file:
        file.write('{"number": 5, "val')
        file.flush()
        assert len(folder.trials()) == 4
        file.write('ues": {}, "seed": 0, "overrides": []}\n')
    assert [trial.number for trial in folder.trials()] == [1, 2, 3, 4, 5]
