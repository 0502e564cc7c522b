"""Hydra composes; its errors come out in our words, and all of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from genlab.config.check import problems_in, unknown
from genlab.config.files import conf_dir, groups, options
from genlab.config.signature import signature
from genlab.contracts import ConfigError, Problem


def compose(command: str, overrides: list[str]) -> DictConfig:
    """The configuration of a command, composed and checked.

    Raises:
        ConfigError: with every mistake in the overrides and in the files they choose.
    """
    composing = Composing(command)
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        cfg = composing.compose(overrides)
    problems = composing.problems + (problems_in(cfg, command, composing.defaults) if cfg is not None else [])
    if problems:
        raise ConfigError(merged(problems))
    assert cfg is not None
    return cfg


@dataclass
class Composing:
    """Sorts overrides into choices of files and values of keys, drops what cannot be applied, and remembers why."""

    command: str
    problems: list[Problem] = field(default_factory=list)
    defaults: DictConfig | None = None  # composed from the files alone

    def compose(self, overrides: list[str]) -> DictConfig | None:
        """As much of the configuration as can be composed; None if not even the files could be."""
        parsed = [item for text in overrides for item in self.parse(text)]
        chosen = [item for item in parsed if self.is_choice(item)]
        files = [str(item.input_line) for item in chosen if self.choice_exists(item)]
        self.defaults = cfg = self.attempt(files)
        if cfg is None:
            return None
        values = [self.addressed(cfg, item) for item in parsed if not self.is_choice(item)]
        return self.attempt([*files, *(text for text in values if text)])

    def parse(self, text: str) -> Iterator[Override]:
        """One override, or a problem with its grammar."""
        try:
            yield OverridesParser.create().parse_override(text)
        except HydraException as error:
            reason = str(error).splitlines()[0]
            remedy = f"""Put quotes around the value: '{text.partition("=")[0]}="{text.partition("=")[2]}"'"""
            if "=" not in text:
                remedy = "An override is key=value; python src/" + self.command + ".py --help lists the keys."
            self.problems.append(Problem(text, f"cannot be read ({reason})", remedy))

    def is_choice(self, item: Override) -> bool:
        """Whether the override chooses files from a group; a misspelt ``model=`` counts as one."""
        return item.key_or_group.split("@")[0] in groups()

    def choice_exists(self, item: Override) -> bool:
        """Whether the chosen files are there."""
        group = item.key_or_group.split("@")[0]
        value = item.value()
        for option in value if isinstance(value, list) else [value]:
            if option is None or item.is_delete() or item.is_sweep_override() or str(option) in options(group):
                continue
            near = difflib.get_close_matches(str(option), options(group), n=1, cutoff=0.4)
            remedy = f"Did you mean {group}={near[0]} ? " if near else ""
            remedy += f"Options: {', '.join(options(group))}"
            self.problems.append(Problem(f"{group}={option}", f"there is no {group} of that name", remedy))
            return False
        return True

    def addressed(self, cfg: DictConfig, item: Override) -> str | None:
        """The override, if there is a key for it. An argument that the files leave out is added without a ``+``."""
        line = str(item.input_line)
        if item.is_add() or item.is_force_add() or item.is_delete() or item.key_or_group.startswith("hydra"):
            return line
        parent, _, key = item.key_or_group.rpartition(".")
        node = OmegaConf.select(cfg, parent) if parent else cfg
        if OmegaConf.is_dict(node) and key in set(node.keys()):  # "in node" is false for ???
            return line
        if OmegaConf.is_dict(node) and "_target_" in node:
            accepted = signature(node["_target_"])
            if accepted and key in accepted.parameters and not accepted.parameters[key].injected:
                return "+" + line
        self.problems.append(self.nowhere(cfg, item, node, key))
        return None

    def nowhere(self, cfg: DictConfig, item: Override, node: Any, key: str) -> Problem:
        """A key that is not there: the nearest one beside it, else the nearest one anywhere."""
        where = item.key_or_group
        if OmegaConf.is_dict(node):
            accepted = signature(node["_target_"]) if "_target_" in node else None
            names = {str(k) for k in node if not str(k).startswith("_")}
            names |= {n for n, p in accepted.parameters.items() if not p.injected} if accepted else set()
            problem = unknown(where, item.get_value_element_as_str(), names)
            if "Did you mean" in problem.remedy:
                return problem
        near = difflib.get_close_matches(where, [*every_key(cfg), *groups()], n=1, cutoff=0.6)
        remedy = f"Did you mean {near[0]}={item.get_value_element_as_str()} ?" if near else ""
        remedy = remedy or f"python src/{self.command}.py --cfg job shows every key."
        return Problem(where, "there is no such key", remedy)

    def attempt(self, overrides: list[str]) -> DictConfig | None:
        """Let Hydra compose, and fill in what depends on the choices."""
        try:
            cfg = hydra_compose(self.command, overrides, return_hydra_config=True)
        except (HydraException, OmegaConfBaseException) as error:
            self.problems.append(Problem("configuration", " ".join(str(error).split("\n")[:3])))
            return None
        return finished(cfg, OmegaConf.to_container(cfg.hydra.runtime.choices))


def finished(cfg: DictConfig, choices: Any) -> DictConfig:
    """Without Hydra's own part, with the names of the chosen files and the run's default name."""
    cfg = cfg.copy()
    with open_dict(cfg):
        cfg.pop("hydra", None)
        cfg.choices = {key: value for key, value in choices.items() if "/" not in key and "@" not in key}
        if "name" in cfg and cfg.name is None:
            cfg.name = f"{choices['model']}-{choices['data']}"
    return cfg


def every_key(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key of a configuration."""
    for key in map(str, cfg):
        where = f"{prefix}{key}"
        yield where
        value = None if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key) else cfg[key]
        if isinstance(value, DictConfig):
            yield from every_key(value, f"{where}.")


def merged(problems: list[Problem]) -> list[Problem]:
    """Each problem once, in the order found."""
    return list(dict.fromkeys(problems))
