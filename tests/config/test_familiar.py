"""Keys that people know from elsewhere are answered with what to type, and what is told exists."""

import re

import pytest
from omegaconf import OmegaConf

from genlab.config import familiar
from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.contracts import ConfigError

KNOWN = {**familiar.REFERENCE, **{f"trainer.{key}": remedy for key, remedy in familiar.TRAINER.items()}}


def test_each_is_told_what_to_type():
    with pytest.raises(ConfigError) as refused:
        compose("train", [f"{key}=1" for key in KNOWN])
    for key, remedy in KNOWN.items():
        assert f"{key}: there is no such key\n    Here it is: {remedy}" in str(refused.value)


def test_what_is_told_is_a_key_or_a_choice_of_today():
    bases = [["model=cyclegan", "data=unpaired_folders", "data.path=."], ["model=pix2pix", "data=maps"]]
    composed, conf = [compose("train", base) for base in bases], Conf()
    for remedy in KNOWN.values():
        if remedy.startswith("nothing"):
            continue
        key, _, value = re.match(r"[~+]?([a-z_0-9./]+)()=?(\S*?)(?=[ ,:]|$)", remedy).groups()
        if key in conf.groups:
            assert value in conf.options(key), remedy
        else:
            assert (
                any(OmegaConf.select(cfg, key, default=KNOWN) is not KNOWN for cfg in composed)
                or key == "callbacks.mine"
            )
