"""What is read from the source is what Python itself says, and the typed tables name real arguments."""

import importlib
import inspect

import pytest
from pydantic import TypeAdapter

from genlab.config.compose import compose
from genlab.config.definition import find
from genlab.config.signature import signature
from genlab.config.third_party import RANGES, REQUIRED, TABLES
from genlab.config.types import NonNegativeFloat
from genlab.contracts import ConfigError

OURS = [
    "genlab.models.vae.VAE",
    "genlab.models.gan.GAN",
    "genlab.models.autoencoder.Autoencoder",
    "genlab.nets.by_size.BySize",
    "genlab.data.sets.folder.Folder",
    "genlab.callbacks.evaluators.distance.Distance",
    "genlab.callbacks.checkpoints.Checkpoints",
    "genlab.models.base.schedules.Constant",
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
        assert set(REQUIRED.get(target, ())) <= set(signature(target).parameters)
        assert find(target) is not None
        return
    read = signature(target).parameters
    assert list(read) == list(real)
    for parameter in real.values():
        assert read[parameter.name].has_default == (parameter.default is not inspect.Parameter.empty)


@pytest.mark.parametrize("target", OURS)
def test_our_constructors_have_types_that_can_be_read_and_no_second_defaults(target):
    found = signature(target)
    assert not found.open
    for parameter in found.parameters.values():
        assert not parameter.has_default, f"{target}: {parameter.name} has a default in the code and one in conf/"
        assert not (parameter.typed and parameter.type is None)
        if not parameter.constructed:
            TypeAdapter(parameter.type)


def test_class_attributes_are_found_through_base_classes():
    assert signature("genlab.models.vae.VAE").attributes["takes"] == ("images",)
    assert signature("genlab.data.sets.folder.Folder").attributes["kind"] == "images"


def test_what_is_not_there_is_not_found():
    for target in ("genlab.models.vae.VEA", "genlab.nowhere.X", "no_such_package.X", "VAE", "os.system"):
        assert signature(target) is None


def test_what_the_code_supplies_and_what_a_target_makes_are_told_apart():
    read = signature("genlab.models.vae.VAE").parameters
    assert {name for name, p in read.items() if p.injected} == {"spec", "seed"}
    assert {name for name, p in read.items() if p.constructed} == {"objective", "prior", "net", "optimizer", "schedule"}
    assert {name for name, p in read.items() if p.required} == set(read) - {"spec", "seed"}


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD", "RMSprop", "NAdam", "Adamax", "Adagrad", "RAdam"])
def test_every_optimiser_of_torch_has_ranges_and_leaves_its_parameters_to_the_code(name):
    import torch

    read = signature(f"torch.optim.{name}").parameters
    real = inspect.signature(getattr(torch.optim, name)).parameters
    assert list(read) == list(real)
    assert read["params"].injected
    assert not read["params"].required
    with pytest.raises(ValueError, match="greater than 0"):
        TypeAdapter(read["lr"].type).validate_python(-0.1)
    assert all(read[key].type is RANGES["torch.optim"][key] for key in read.keys() & RANGES["torch.optim"].keys())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of somebody else's, on the path but never imported: importing it fails."""
    folder = tmp_path / "othersmodels"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .nets import Net as PassedOn\nraise RuntimeError('imported')\n")
    (folder / "nets.py").write_text(
        "from dataclasses import dataclass\nfrom typing import ClassVar, overload\nfrom torch import Tensor, nn\n"
        "Width = int\n\n"
        "@dataclass\nclass Base:\n    kind: ClassVar[str] = 'pairs'\n    width: Width\n\n"
        "@dataclass(frozen=True)\nclass Net(Base):\n    depth: int = 3\n    init: Tensor = None\n\n"
        "class Child(Net):\n    pass\n\n"
        "class Overloaded:\n    @overload\n    def __init__(self, a: int): ...\n"
        "    def __init__(self, a: int, b: 'list[float]', *, net: nn.Module, **rest): ...\n\n"
        "def function(a: int, b: str = 'x'): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "othersmodels"


def test_dataclasses_re_exports_and_inheritance_are_followed(package):
    for name in ("nets.Net", "PassedOn", "nets.Child"):
        found = signature(f"{package}.{name}")
        assert {n: not p.has_default for n, p in found.parameters.items()} == {
            "width": True,
            "depth": False,
            "init": False,
        }
        assert found.parameters["width"].type is int
        assert found.attributes["kind"] == "pairs"


def test_in_other_peoples_code_an_unreadable_type_may_be_anything(package):
    found = signature(f"{package}.nets.Overloaded")
    assert found.open
    assert list(found.parameters) == ["a", "b", "net"]
    assert found.parameters["b"].type == list[float]
    assert not found.parameters["net"].constructed
    assert not found.parameters["net"].required
    assert list(signature(f"{package}.nets.function").parameters) == ["a", "b"]


def test_a_weight_is_a_number_or_a_schedule_and_a_plain_number_is_nothing_else():
    ramp = "{_target_:genlab.models.base.schedules.Ramp,start:0.0,end:1.0,batches:%s,wait:0}"
    cfg = compose("train", [f"model.beta={ramp % 100}"])
    assert cfg.model.beta._target_ == "genlab.models.base.schedules.Ramp"
    for override, words in {
        f"model.beta={ramp % 0}": "model.beta.batches=0: must be at least 1",
        "model.beta=-1": "model.beta=-1: must be at least 0",
        "model.beta=heavy": "model.beta=heavy: must be a number",
        "model.latent_dim={_target_:torch.nn.Linear,in_features:3,out_features:3}": "must be a whole number",
    }.items():
        with pytest.raises(ConfigError, match=words):
            compose("train", [override])
    assert signature("genlab.models.vae.VAE").parameters["beta"].type == NonNegativeFloat
