"""Sweep files: what is read from them, and every mistake in one message."""

import re

import pytest
import yaml

from genlab.contracts import ConfigError
from genlab.sweeps.spec import Hyperband, Metric, Parameter, read_sweep, with_fixed

WHOLE = """
# a comment is kept in the text
program: src/train.py
name: beta and latent size
description: what it shows
project: vae
entity: us
method: bayes
metric: {name: val/elbo, goal: maximize, target: -20}
run_cap: 20
early_terminate: {type: hyperband, min_iter: 2, eta: 4}
command: ["${env}", python, "${program}", model=vae, data=digits, "${args_no_hyphens}"]
parameters:
  model.latent_dim: {values: [2, 8, 32]}
  model.beta: {distribution: log_uniform_values, min: 0.25, max: 16}
  seed: {value: 0}
  model:
    parameters:
      optimizer:
        parameters:
          lr: {min: 1.0e-4, max: 1.0e-2}
  data.batch_size: {min: 16, max: 64}
"""


def write(tmp_path, text):
    path = tmp_path / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(**keys):
    """A grid over model.beta with other keys; None leaves one out."""
    content = {"method": "grid", "parameters": {"model.beta": {"values": [1, 4]}}} | keys
    return yaml.safe_dump({key: value for key, value in content.items() if value is not None}, sort_keys=False)


def parameter(**keys):
    """A random sweep with one parameter of these keys."""
    return changed(method="random", parameters={"model.beta": keys})


def said(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        read_sweep(write(tmp_path, text))
    assert error.value.exit_code == 2
    return str(error.value)


def test_every_key_of_a_file_is_read(tmp_path):
    file = read_sweep(write(tmp_path, WHOLE))
    assert file.text == WHOLE and file.path == tmp_path / "sweep.yaml"
    assert (file.program, file.name, file.description) == ("src/train.py", "beta and latent size", "what it shows")
    assert (file.project, file.entity, file.method, file.run_cap) == ("vae", "us", "bayes", 20)
    assert file.metric == Metric("val/elbo", "maximize", -20)
    assert file.early_terminate == Hyperband(min_iter=2, eta=4)
    assert file.command[-1] == "${args_no_hyphens}" and file.typed == ["model=vae", "data=digits"]
    assert file.parameters["model.beta"] == Parameter("model.beta", "log_uniform_values", min=0.25, max=16)
    assert file.parameters["data.batch_size"] == Parameter("data.batch_size", "int_uniform", min=16, max=64)


def test_parameters_keep_the_order_of_the_file_and_nested_ones_get_dotted_names(tmp_path):
    file = read_sweep(write(tmp_path, WHOLE))
    names = ["model.latent_dim", "model.beta", "seed", "model.optimizer.lr", "data.batch_size"]
    assert list(file.parameters) == names
    assert file.nested == ("model.optimizer.lr",)
    assert file.varied == [name for name in names if name != "seed"]


@pytest.mark.parametrize(
    ("keys", "distribution"),
    [
        ({"value": 1}, "constant"),
        ({"value": None}, "constant"),
        ({"values": [1]}, "categorical"),
        ({"values": [1, 2], "probabilities": [0.25, 0.75]}, "categorical_w_probabilities"),
        ({"min": 1, "max": 3}, "int_uniform"),
        ({"min": 1, "max": 3.0}, "uniform"),
        ({"distribution": "normal"}, "normal"),
    ],
)
def test_the_distribution_is_inferred_as_at_wandb(tmp_path, keys, distribution):
    assert read_sweep(write(tmp_path, parameter(**keys))).parameters["model.beta"].distribution == distribution


def test_defaults_are_those_of_wandb(tmp_path):
    bell = read_sweep(write(tmp_path, parameter(distribution="q_log_normal"))).parameters["model.beta"]
    assert (bell.mu, bell.sigma, bell.q) == (0, 1, 1)
    beta = read_sweep(write(tmp_path, parameter(distribution="beta"))).parameters["model.beta"]
    assert (beta.a, beta.b, beta.q) == (1, 1, None)
    assert Metric("x").goal == "minimize" and Hyperband(min_iter=1).eta == 3


def test_a_number_that_yaml_takes_for_text_is_a_number_in_a_list(tmp_path):
    assert read_sweep(write(tmp_path, "method: grid\nparameters: {lr: {values: [1e-3, 1e-2, x1e3]}}")).parameters[
        "lr"
    ].values == (0.001, 0.01, "x1e3")


def test_a_target_is_reached_from_the_side_of_the_goal():
    assert Metric("x", "maximize", 2).reached(2) and not Metric("x", "maximize", 2).reached(1)
    assert Metric("x", "minimize", 2).reached(1) and not Metric("x", "minimize", 2).reached(3)
    assert not Metric("x").reached(0)


def test_the_first_iteration_at_which_runs_are_compared():
    assert Hyperband(min_iter=4).first == 4
    assert Hyperband(max_iter=27, s=2).first == 3
    assert Hyperband(max_iter=9, s=5).first == 1


def test_a_parameter_is_fixed_cut_or_added(tmp_path):
    file = with_fixed(read_sweep(write(tmp_path, WHOLE)), {"model.beta": [1, 4], "seed": 7, "model.hidden": [[8, 16]]})
    assert file.parameters["model.beta"] == Parameter("model.beta", "categorical", (1, 4))
    assert file.parameters["seed"].values == (7,) and file.parameters["seed"].is_fixed
    assert file.parameters["model.hidden"].values == ([8, 16],) and file.parameters["model.hidden"].is_fixed
    assert list(file.parameters)[:2] == ["model.latent_dim", "model.beta"]
    with pytest.raises(ConfigError, match="has no values"):
        with_fixed(file, {"model.beta": []})


MISTAKES = {
    "unknown method": (changed(method="gird"), ["sweep.yaml, method=gird", "Did you mean grid ?"]),
    "no method": (changed(method=None), ["sweep.yaml, method: must be given", "bayes, grid, random"]),
    "custom method": (changed(method="custom"), ["method=custom", "bayes, grid, random"]),
    "bayes without a goal": (
        changed(method="bayes"),
        ["metric: must be given: method=bayes", "name: …, goal: minimize"],
    ),
    "early end without a goal": (
        changed(early_terminate={"type": "hyperband", "min_iter": 1}),
        ["metric: must be given: early_terminate"],
    ),
    "nothing to search": (
        changed(method="bayes", metric={"name": "x"}, parameters={"seed": {"value": 1}}),
        ["nothing to search"],
    ),
    "unknown key": (changed(paramters={}), ["sweep.yaml, paramters", "Did you mean parameters ?"]),
    "of Launch": (changed(image_uri="x"), ["image_uri: belongs to W&B Launch"]),
    "no parameters": (changed(parameters=None), ["parameters: has no parameters"]),
    "no name": (changed(parameters={"a b": {"value": 1}}), ["parameters.a b: is no name"]),
    "a number as name": (changed(parameters={1: {"value": 1}}), ["parameters.1: is no name"]),
    "a list for a parameter": (
        changed(parameters={"model.beta": [1, 2]}),
        ["parameters.model.beta: [1, 2] is no group of keys", "model.beta: {values: [1, 2]}"],
    ),
    "a value for a parameter": (changed(parameters={"model.beta": 3}), ["model.beta: {value: 3}"]),
    "an empty parameter": (parameter(), ["parameters.model.beta: has no values", "values: […]"]),
    "misspelt key": (parameter(valeus=[1]), ["parameters.model.beta.valeus", "Did you mean values ?"]),
    "misspelt distribution": (
        parameter(distribution="log_unifrom", min=1, max=2),
        ["parameters.model.beta.distribution: there is no distribution log_unifrom", "Did you mean log_uniform ?"],
    ),
    "key of another distribution": (
        parameter(distribution="uniform", min=1, max=2, q=1),
        ["model.beta.q: uniform has no such key"],
    ),
    "min without max": (parameter(min=1), ["int_uniform needs max"]),
    "min above max": (parameter(min=4, max=1), ["min=4: is not below max=1", "Exchange them"]),
    "min is max": (parameter(min=4, max=4), ["min=4: is not below max=4", "Write: value: 4"]),
    "logarithm of nothing": (
        parameter(distribution="log_uniform_values", min=0, max=1),
        ["min=0: must be greater than 0"],
    ),
    "text for a number": (parameter(min="1e-4", max=1), ["min=1e-4: is text in YAML", "min: 1.0e-4"]),
    "infinite": (parameter(min=1, max=float("inf")), ["max=inf: must be a number"]),
    "fraction of a whole": (parameter(distribution="int_uniform", min=1, max=2.5), ["max=2.5: must be a whole number"]),
    "step of nothing": (parameter(distribution="q_uniform", min=1, max=2, q=0), ["q=0: must be greater than 0"]),
    "step too long": (parameter(distribution="q_uniform", min=1, max=2, q=5), ["q=5: no multiple of it"]),
    "negative sigma": (parameter(distribution="normal", sigma=-1), ["sigma=-1: must be at least 0"]),
    "empty values": (parameter(values=[]), ["values: is empty"]),
    "no list": (parameter(values=3), ["values: 3 is no list", "values: [3]"]),
    "twice": (parameter(values=[1, 2, 1.0]), ["values: has 1.0 twice"]),
    "probabilities": (parameter(values=[1, 2], probabilities=[0.5, 0.4]), ["add up to 0.9"]),
    "too few probabilities": (parameter(values=[1, 2], probabilities=[1]), ["1 numbers for 2 values"]),
    "probabilities in a grid": (
        changed(parameters={"model.beta": {"values": [1, 2], "probabilities": [0.5, 0.5]}}),
        ["model.beta.probabilities: method=grid takes none"],
    ),
    "a range in a grid": (
        changed(parameters={"model.beta": {"min": 0.0, "max": 1.0}}),
        ["parameters.model.beta: method=grid takes no range of uniform", "method: random"],
    ),
    "the same in two ways": (
        changed(parameters={"model.beta": {"value": 1}, "model": {"parameters": {"beta": {"value": 2}}}}),
        ["parameters.model.parameters.beta: model.beta stands there twice"],
    ),
    "goal": (changed(metric={"name": "x", "goal": "minimise"}), ["metric.goal=minimise", "Did you mean minimize ?"]),
    "nameless goal": (changed(metric={"goal": "minimize"}), ["metric.name: must be given"]),
    "metric as text": (changed(metric="val/elbo"), ["metric: {name: val/elbo, goal: minimize}"]),
    "target": (changed(metric={"name": "x", "target": "low"}), ["metric.target=low: must be a number"]),
    "another early end": (
        changed(metric={"name": "x"}, early_terminate={"type": "envelope"}),
        ["early_terminate.type=envelope: there is only hyperband"],
    ),
    "when to compare": (
        changed(metric={"name": "x"}, early_terminate={"type": "hyperband", "max_iter": 9}),
        ["early_terminate: does not say when", "min_iter: 3"],
    ),
    "two ways to compare": (
        changed(metric={"name": "x"}, early_terminate={"type": "hyperband", "max_iter": 9, "min_iter": 1}),
        ["max_iter: stands beside min_iter"],
    ),
    "eta": (
        changed(metric={"name": "x"}, early_terminate={"type": "hyperband", "min_iter": 1, "eta": 1.5}),
        ["early_terminate.eta=1.5: must be a whole number, at least 2"],
    ),
    "run_cap": (changed(run_cap=0), ["run_cap=0: must be a whole number, at least 1"]),
    "name": (changed(name=3), ["name=3: must be text"]),
    "command": (changed(command="python train.py"), ["command: is no list of words"]),
    "no YAML": ("method: [grid", ["sweep.yaml: is no YAML"]),
    "a key twice": (
        "method: grid\nparameters:\n  a: {value: 1}\n  a: {value: 2}\n",
        ["is no YAML", "the key a stands there twice", "line 4"],
    ),
    "no keys": ("just words", ["is no sweep"]),
    "empty": ("", ["is no sweep"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_with_its_place_and_its_remedy(tmp_path, name):
    text, words = MISTAKES[name]
    message = said(tmp_path, text)
    assert [word for word in words if word not in message] == [], message


def test_all_mistakes_are_said_at_once(tmp_path):
    text = "method: gird\nrun_cap: 0\nparameters:\n  a: {values: []}\n  b: {min: 2, max: 1}\n  c: 3\nmetrik: {}\n"
    message = said(tmp_path, text)
    for word in ("method=gird", "run_cap=0", "parameters.a.values", "parameters.b.min=2", "parameters.c", "metrik"):
        assert len(re.findall(rf"sweep.yaml, {re.escape(word)}", message)) == 1, message


def test_a_file_that_is_not_there_is_guessed(tmp_path):
    (tmp_path / "beta_grid.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"beta_gird.yaml: there is no such file\n.*Did you mean .*beta_grid.yaml"):
        read_sweep(tmp_path / "beta_gird.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sweep(tmp_path)
    (tmp_path / "beta_grid.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sweep(tmp_path / "beta_grid.yaml")
