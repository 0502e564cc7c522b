"""W&B's variables: obeyed where nothing was typed, and refused like a configuration where they are misspelt."""

import pytest

from genlab.config.compose import compose
from genlab.contracts import ConfigError

SMALL = ["model=vae", "data=digits"]


def test_a_misspelt_mode_is_refused_before_anything_begins(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "ofline")
    with pytest.raises(ConfigError) as caught:
        compose("train", SMALL)
    assert str(caught.value).splitlines() == [
        "WANDB_MODE=ofline: must be 'online', 'offline', 'disabled', 'dryrun' or 'run'",
        "    Did you mean WANDB_MODE=offline ?",
    ]
    compose("train", [*SMALL, "logger=csv"])  # where W&B does not record, it is nobody's business
    compose("evaluate", ["ckpt=x"])


@pytest.mark.parametrize("mode", ["", "online", "offline", "disabled", "dryrun", "run"])
def test_w_and_bs_own_modes_are_taken(mode, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    assert compose("train", SMALL).logger.wandb.mode == "auto"


def test_a_misspelt_mode_in_the_configuration_is_refused():
    with pytest.raises(ConfigError, match=r"must be 'auto', .*\n.*Did you mean logger.wandb.mode=offline \?"):
        compose("train", [*SMALL, "logger.wandb.mode=ofline"])


def test_project_and_entity_come_from_the_environment_unless_they_are_typed(monkeypatch):
    for name in ("WANDB_PROJECT", "WANDB_ENTITY"):
        monkeypatch.delenv(name, raising=False)
    wandb = compose("train", SMALL).logger.wandb
    assert (wandb.project, wandb.entity) == ("genlab", None)
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    monkeypatch.setenv("WANDB_ENTITY", "us")
    wandb = compose("train", SMALL).logger.wandb
    assert (wandb.project, wandb.entity) == ("mine", "us")
    assert compose("train", [*SMALL, "logger.wandb.project=typed"]).logger.wandb.project == "typed"
    monkeypatch.setenv("WANDB_PROJECT", "a/b")
    with pytest.raises(ConfigError, match="logger.wandb.project=a/b: must be a name without /"):
        compose("train", SMALL)
