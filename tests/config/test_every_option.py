"""Every file of every group below ``conf/`` composes, with a model that takes it."""

from itertools import zip_longest

import pytest

from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.likelihood_compatibility import default_of

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


@pytest.mark.parametrize("model", WITH_BETA)
def test_every_beta_can_follow_a_schedule(model):
    cfg = compose("train", [f"model={model}", "model/beta_schedule=warm_up", "model.beta.end=4"])
    assert (cfg.model.beta.start, cfg.model.beta.end) == (0.0, 4)
