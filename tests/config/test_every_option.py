"""Every file of every group below ``conf/`` composes, with a model that takes it."""

import re
from itertools import zip_longest
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.likelihood_compatibility import default_of
from genlab.contracts import ConfigError

ROOT = Path(__file__).parents[2]
OPTIONS = Conf().groups
# the groups that a model takes; to save time an option of each is composed at once
GROUPS = {
    "model=ae": "model/net model/penalty model/mixture model/optimizer model/schedule logger checkpoint performance",
    "model=vae": "model/objective model/beta_schedule trainer metrics",
    "model=gan data=toy2d": "remedy",
    "model=aae": "model/code_discriminator@model.discriminator",
    "model=restoration": "model/corruption model/generator",
    "model=dcgan": "model/gan_net@model.net",
    "model=pix2pix data=maps": "model/discriminator model/step",
    "model=cyclegan data=horse2zebra": "model/identity_schedule",
}
# groups of which each option needs a model of its own
PICKY = {
    "model/prior": {"standard_normal": "model=vae", "vamp": "model=vae", "ring": "model=aae model.latent_dim=2"},
    "callbacks": dict.fromkeys(("default", "none", "trace", "latent_map"), "model=ae")
    | dict.fromkeys(("landscape", "gradients"), "model=gan data=toy2d"),
}
WITH_BETA = [name for name in OPTIONS["model"] if default_of(name, "beta") is not None]
# test_properties, test_commands_shown, tests/apps/test_submit, tests/apps/test_analyze
ELSEWHERE = {"model", "data", "experiment", "slurm", "what"}


def typed(group, option):
    """The choice of an option; an evaluator stands beside the usual ones, since it may refer to their keys."""
    return f"metrics=[default,{option}]" if group == "metrics" else f"{group}={option}"


def test_no_group_is_left_out():
    named = {group.partition("@")[0] for groups in GROUPS.values() for group in groups.split()}
    assert named | set(PICKY) | ELSEWHERE == set(OPTIONS)
    assert all(set(hosts) == set(OPTIONS[group]) for group, hosts in PICKY.items())


@pytest.mark.parametrize("host", GROUPS)
def test_every_option_composes(host):
    groups = GROUPS[host].split()
    for row in zip_longest(*(OPTIONS[group.partition("@")[0]] for group in groups)):
        compose("train", [*host.split(), *(typed(*pair) for pair in zip(groups, row, strict=True) if pair[1])])


@pytest.mark.parametrize(("group", "option"), [(group, option) for group, hosts in PICKY.items() for option in hosts])
def test_every_option_composes_with_its_model(group, option):
    compose("train", [*PICKY[group][option].split(), f"{group}={option}"])


@pytest.mark.parametrize("host", ["model=pix2pix data=maps", "model=cyclegan data=horse2zebra"])
def test_the_translation_models_take_the_generators_that_their_page_lists(host):
    """Those with the keys that both models set; the page says which other there is, and it is refused."""
    page = (ROOT / "docs" / "translation.md").read_text()
    cells = page.split("| `model/generator=` |")[1].splitlines()[0].split("). ")
    listed, others = (set(re.findall(r"`(\w+)`", cell)) & {*OPTIONS["model/generator"]} for cell in cells)
    keys = {name: OmegaConf.load(ROOT / "conf/model/generator" / f"{name}.yaml") for name in OPTIONS["model/generator"]}
    assert listed == {name for name, own in keys.items() if {"norm", "dropout"} <= own.keys()}
    assert others == keys.keys() - listed != set()
    for name in others:
        with pytest.raises(ConfigError, match=r"model\.generator\.norm: there is no such key"):
            compose("train", [*host.split(), f"model/generator={name}"])


@pytest.mark.parametrize("model", WITH_BETA)
def test_every_beta_can_follow_a_schedule(model):
    cfg = compose("train", [f"model={model}", "model/beta_schedule=warm_up", "model.beta.end=4"])
    assert (cfg.model.beta.start, cfg.model.beta.end) == (0.0, 4)
