"""Which device a command computes on: the one that is named, or the best that is there."""

import pytest
import torch

from genlab.apps.command.device import device_for
from genlab.config.compose import compose
from genlab.contracts import ConfigError


@pytest.fixture
def machine(monkeypatch):
    """``machine("cuda")``: a computer with these accelerators."""

    def has(*kinds):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)

    return has


@pytest.mark.parametrize(
    ("there", "name", "found"),
    [
        ([], "auto", "cpu"),
        (["mps"], "auto", "mps"),
        (["cuda", "mps"], "auto", "cuda"),
        (["cuda"], "cpu", "cpu"),
        (["cuda"], "gpu", "cuda"),
        (["mps"], "gpu", "mps"),
        (["cuda", "mps"], "mps", "mps"),
    ],
)
def test_the_named_one_or_the_first_that_is_there(there, name, found, machine):
    machine(*there)
    assert device_for(name).type == found


@pytest.mark.parametrize(("there", "name", "remedy"), [([], "gpu", "Type: k=cpu"), (["mps"], "cuda", "k=mps or k=cpu")])
def test_one_that_is_not_there_is_refused_with_those_that_are(there, name, remedy, machine):
    machine(*there)
    with pytest.raises(ConfigError, match=f"k={name}: there is none here\n.*{remedy}"):
        device_for(name, "k")


@pytest.mark.parametrize("command", ["generate", "evaluate", "translate"])
def test_commands_that_compute_take_a_device(command):
    needed = ["ckpt=x"] + (["input=x"] if command == "translate" else [])
    assert compose(command, needed).device == "auto"
