"""Composes a configuration: parse overrides, compose with Hydra, check; all mistakes are collected and reported together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.config.check import check
from genlab.config.displaced import displaced
from genlab.config.environment import from_environment
from genlab.config.hints import Hints
from genlab.config.mistakes import Mistake
from genlab.config.overrides import choices, experiments, read, values
from genlab.config.rules import crossed
from genlab.config.searchpath import conf_of, reach
from genlab.config.session import Session, own_hydra
from genlab.config.words import in_words
from genlab.contracts import ConfigError, Problem


def compose(command: str, overrides: list[str], config_dir: Path | None = None, incomplete: bool = False) -> DictConfig:
    """The configuration of a command, composed and checked.

    Args:
        config_dir: a folder of YAML files that is searched before ours.
        incomplete: allow missing mandatory values, for showing the configuration.

    Raises:
        ConfigError: with every mistake in the overrides and in the files that they select.
    """
    items, wrong = read(overrides)
    mistakes: list[Mistake | Problem] = [*wrong]
    conf = conf_of(command, items, config_dir)
    files, absent = choices(items, conf)
    with own_hydra(conf):
        session = Session(command, conf)
        mistakes += absent + session.add(files)
        usual = session.cfg or OmegaConf.create()
        if session.cfg is not None:
            settings, astray = values(items, conf, usual)
            mistakes += [*astray, *session.add(settings), *displaced(files, settings, conf)]
    found = [*mistakes, *checked(session.cfg, command, config_dir, clean=not mistakes)]
    misspelt = {m.where for m in found if isinstance(m, Mistake) and m.what == "absent_option"}
    found = [m for m in found if not (isinstance(m, Mistake) and m.what == "missing_root" and m.where in misspelt)]
    unread = {m.where.lstrip("+~").partition("=")[0] for m in wrong if m.what == "unquoted"}
    found = [
        m for m in found if not (isinstance(m, Mistake) and m.what == "not_given" and (incomplete or m.where in unread))
    ]
    if found or session.cfg is None:
        typed = frozenset(str(item.key_or_group) for item in items)
        hints = Hints(command, conf, experiments(files), session.places, usual, session.choices, typed)
        raise ConfigError(in_words(found, hints))
    return session.cfg


def checked(cfg: DictConfig | None, command: str, config_dir: Path | None, clean: bool) -> list[Mistake | Problem]:
    """The mistakes in a configuration; cross-field rules are only checked if there are no others."""
    if cfg is None:
        return []
    trust = [str(package) for package in cfg.trust] if OmegaConf.is_list(cfg.get("trust")) else []
    reach(trust, config_dir)
    found: list[Mistake | Problem] = list(check(cfg, command, trust))
    if found or not clean:
        return found
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    return [*crossed(plain), *from_environment(plain)]
