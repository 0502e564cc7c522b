"""What is read from the source is what Python itself says, and the typed tables name real arguments."""

import importlib
import inspect

import pytest
from pydantic import TypeAdapter

from genlab.config.foreign import TABLES
from genlab.config.signature import find, signature

OURS = [
    "genlab.models.vae.VAE",
    "genlab.models.gan.GAN",
    "genlab.models.autoencoder.Autoencoder",
    "genlab.nets.auto.Auto",
    "genlab.data.folder.Folder",
    "genlab.callbacks.measure.Measure",
    "genlab.callbacks.checkpoints.Checkpoints",
    "genlab.models.schedules.Constant",
]
OTHERS = [
    "torch.nn.Linear",
    "torch.optim.Adam",
    "torch.optim.lr_scheduler.CosineAnnealingLR",
    "lightning.pytorch.Trainer",
]


@pytest.mark.parametrize("target", OURS + OTHERS)
def test_names_and_defaults_are_those_of_the_constructor(target):
    module, _, name = target.rpartition(".")
    real = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    if target in TABLES:
        assert set(signature(target).parameters) <= set(real)
        assert find(target) is not None
        return
    read = signature(target).parameters
    assert list(read) == list(real)
    for parameter in real.values():
        assert read[parameter.name].required == (parameter.default is inspect.Parameter.empty)


@pytest.mark.parametrize("target", OURS)
def test_our_constructors_have_types_that_can_be_read_and_no_second_defaults(target):
    found = signature(target)
    assert not found.open
    for parameter in found.parameters.values():
        assert parameter.required, f"{target}: {parameter.name} has a default in the code and one in conf/"
        if not parameter.injected:
            TypeAdapter(parameter.type)


def test_class_attributes_are_found_through_base_classes():
    assert signature("genlab.models.vae.VAE").attributes["takes"] == ("images",)
    assert signature("genlab.data.folder.Folder").attributes["kind"] == "images"


def test_what_is_not_there_is_not_found():
    for target in ("genlab.models.vae.VEA", "genlab.nowhere.X", "no_such_package.X", "VAE", "os.system"):
        assert signature(target) is None
