"""Which device a command computes on: the one that is named, or the best that is there."""

import pytest
import torch

from genlab.apps.command.device import device_for, require_devices, trainer_device
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


# kind, how many there are, what is typed, and the remedy; None: it is all there
DEVICES = [
    ("cuda", 2, 1, None),
    ("cuda", 2, 2, None),
    ("cuda", 2, "2", None),
    ("cuda", 2, "auto", None),
    ("cuda", 2, -1, None),
    ("cuda", 2, [1], None),
    ("cuda", 2, "0,1", None),
    ("cuda", 2, 4, "trainer.devices=4: this machine has 2 of cuda\n    Type: trainer.devices=2"),
    ("cuda", 1, "4", "this machine has 1 of cuda"),
    ("cuda", 2, [2], "the cuda devices here are 0, 1"),
    ("cuda", 2, "0,3", "Type: trainer.devices=[0,1]"),
    ("cuda", 2, [0, 0], "each named once"),
    ("cuda", 2, [], "Type: trainer.devices=[0,1]"),
    ("mps", 1, 2, "this machine has 1 of mps"),
    ("cpu", 1, 4, None),
    ("cpu", 1, "4", None),
    ("cpu", 1, "auto", None),
    ("cpu", 1, -1, "Type: trainer.devices=1"),
    ("cpu", 1, [0, 3], "trainer.devices=[0,3]: processes on a CPU are counted, and have no numbers"),
    ("cpu", 1, "0,3", "Type: trainer.devices=2"),
]


@pytest.mark.parametrize(("kind", "there", "devices", "said"), DEVICES)
def test_devices_that_are_not_there_are_refused(kind, there, devices, said):
    if said is None:
        require_devices(kind, devices, there)
        return
    with pytest.raises(ConfigError) as caught:
        require_devices(kind, devices, there)
    assert said in str(caught.value)


def test_the_devices_of_a_run_are_those_of_its_accelerator(machine, monkeypatch):
    machine("cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert trainer_device(compose("train", ["trainer.devices=[1]"]).trainer).type == "cuda"
    with pytest.raises(ConfigError, match="this machine has 2 of cuda"):
        trainer_device(compose("train", ["trainer.devices=4"]).trainer)
    assert trainer_device(compose("train", ["trainer.devices=4", "trainer.accelerator=cpu"]).trainer).type == "cpu"


@pytest.mark.parametrize("command", ["generate", "evaluate", "translate"])
def test_commands_that_compute_take_a_device(command):
    needed = ["ckpt=x"] + (["input=x"] if command == "translate" else [])
    assert compose(command, needed).device == "auto"
