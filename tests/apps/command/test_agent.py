"""What a W&B agent types, for the first time and for a cell that goes on, becomes overrides that Hydra reads."""

import pytest
import yaml

from genlab.apps.command import run as way_in
from genlab.apps.command.agent import of_agent
from genlab.config.compose import compose
from genlab.runs.digest import config_digest
from genlab.runs.wandb_agent import apart_from_parameters

ID = "cell0"


@pytest.fixture
def agent(monkeypatch, tmp_path):
    """``agent({key: value})`` gives the arguments that W&B makes of the values, in the environment that it makes."""
    monkeypatch.chdir(tmp_path)

    def typed(values):
        path = tmp_path / "config.yaml"
        path.write_text(
            yaml.safe_dump({"wandb_version": 1, **{key: {"value": value} for key, value in values.items()}})
        )
        for name, value in {"SWEEP_ID": "sweep0", "RUN_ID": ID, "SWEEP_PARAM_PATH": path}.items():
            monkeypatch.setenv(f"WANDB_{name}", str(value))
        return [f"{key}={value}" for key, value in values.items()]

    return typed


def test_outside_of_a_sweep_what_is_typed_is_typed(monkeypatch):
    for name in ("WANDB_SWEEP_ID", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert of_agent(["seed=1", "_wandb={}"]) == ["seed=1", "_wandb={}"]


def test_the_run_takes_the_agents_id_and_goes_on_where_it_was_stopped(agent):
    assert of_agent(agent({"model.beta": 4.0})) == ["model.beta=4.0", f"run_id={ID}", "resume=auto"]
    assert of_agent(["run_id=a", "+resume=null"]) == ["run_id=a", "+resume=null"]


def test_values_of_any_kind_arrive(agent):
    values = {
        "data.limit": None,
        "model/optimizer": "sgd",
        "trust": ["a"],
        "trainer.deterministic": True,
        "data.lr": 1e-05,
    }
    values |= {"notes": "two, or more = many", "name": "it's", "model.lambda_cycle_b": "${model.lambda_cycle_a}"}
    values |= {"tags": ["x, y", None], "model.net": {"width": 3, "widths": [1, 2]}, "trainer.max_time": "00:01:00:00"}
    arguments = agent(values)
    made = of_agent([*arguments[:3], "trainer.max_steps=1", *(f"++{text}" for text in arguments[3:])])
    assert made[:4] == ["data.limit=null", "model/optimizer=sgd", "trust=['a']", "trainer.max_steps=1"]
    assert made[4:10] == [
        "++trainer.deterministic=True",
        "++data.lr=1e-05",
        "++notes='two, or more = many'",
        "++name='it\\'s'",
        "++model.lambda_cycle_b=${model.lambda_cycle_a}",
        "++tags=['x, y', null]",
    ]
    assert made[10:12] == ["++model.net={width: 3, widths: [1, 2]}", "++trainer.max_time=00:01:00:00"]


FIRST = {
    "model": "gan",
    "data": "toy2d",
    "model/optimizer": "rmsprop",
    "model.latent_dim": 2,
    "notes": "a, b",
    "seed": 3,
}


def recorded(overrides):
    """What W&B has of a run, and types when an agent is given it again."""
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(compose("train", overrides), resolve=True)
    parameters = {key: {"value": value} for key, value in FIRST.items()}
    return {
        **apart_from_parameters(plain),
        **{key: node["value"] for key, node in parameters.items()},
        "_wandb": {"t": {"1": [5]}},
    }


def test_a_cell_that_is_given_again_is_what_it_was_though_its_whole_configuration_is_typed(agent):
    first = of_agent(agent(FIRST))
    typed = agent(recorded(first))
    assert len(typed) > 15
    assert any(text.startswith("trainer={'_target_'") for text in typed)
    again = of_agent(typed)
    assert not any(text.startswith(("_wandb", "trainer", "choices")) for text in again)
    assert config_digest(compose("train", again), "d") == config_digest(compose("train", first), "d")


def test_where_the_run_lies_here_it_goes_on_with_what_it_was_started_with(agent, tmp_path, monkeypatch):
    first = of_agent(agent({**FIRST, "paths.runs": "results"}))
    directory = tmp_path / "results" / "gan-toy2d" / ID
    directory.mkdir(parents=True)
    (directory / "overrides.txt").write_text("".join(f"{text}\n" for text in first))
    values = recorded(first)
    assert of_agent([*agent(values), "performance.threads=1"]) == first
    monkeypatch.setitem(values["paths"], "runs", "elsewhere")
    again = of_agent(agent(values))
    assert again != first
    assert of_agent([*agent(values), "paths.runs=results"]) == first


def test_only_a_training_is_an_agents_cell(agent, monkeypatch):
    seen = []
    monkeypatch.setattr(way_in, "configuration", lambda command, overrides, folder: seen.append(overrides) or 1 / 0)
    for command, folder in (("train", None), ("evaluate", None), ("train", "of a multirun")):
        with pytest.raises(ZeroDivisionError):
            way_in.run(command, agent({"seed": 1}), folder)
    assert seen == [["seed=1", f"run_id={ID}", "resume=auto"], ["seed=1"], ["seed=1"]]
