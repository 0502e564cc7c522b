"""Tab completion, ``--info`` and ``--version``: what Hydra answers by itself."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from omegaconf import DictConfig

from genlab.apps.command.arguments import Arguments
from genlab.config.compose import compose
from genlab.config.files import Conf, conf_dir
from genlab.config.overrides import forced, read
from genlab.config.searchpath import conf_of
from genlab.config.session import user_folder_first
from genlab.console import show


def ask_hydra(command: str, asked: Arguments) -> int:
    """Pass the options on to Hydra, after checking the overrides ourselves, and print what it says; returns 0.

    Raises:
        ConfigError: with all problems of the overrides.
    """
    import hydra

    completing = "--shell-completion" in asked.hydra
    if not completing:
        compose(command, asked.overrides, asked.config_dir, incomplete=True)
    items, _ = read(asked.overrides, several=True)
    conf, said = conf_of(command, items, asked.config_dir), io.StringIO()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach our door as they are
    sys.argv = [sys.argv[0], *asked.hydra, *(asked.overrides if completing else forced(items, conf))]
    start = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=command)
    try:
        with user_folder_first(conf), contextlib.redirect_stdout(said):
            start(nothing)()
    finally:
        text = said.getvalue().rstrip("\n")
        show(" ".join(own_words(text.split(" "), conf)) if completing else text)
    return 0


def own_words(offered: list[str], conf: Conf) -> list[str]:
    """The words of a completion, without options of another command's group that has the name of a key of this one."""
    groups = Conf(conf.folders).groups.keys() & conf.values
    return [word for word in offered if word.partition("=")[0].rstrip("/") not in groups or word.endswith("=")]


def nothing(cfg: DictConfig) -> None:
    """The job, which Hydra does not run for these options."""
