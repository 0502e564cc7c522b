"""Hydra composes; its errors come out in our words, and all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from genlab.config.check import problems_in, settable
from genlab.config.files import conf_dir, groups, raw
from genlab.config.messages import MUST_BE_GIVEN, Hints, unknown
from genlab.config.overrides import (
    absent_option,
    added_twice,
    explained,
    ill_written,
    nearest_anywhere,
    several_values,
    unreadable,
)
from genlab.config.signature import signature
from genlab.contracts import ConfigError, Problem

REFUSED = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError)  # how composing fails


def compose(command: str, overrides: list[str], conf: Path | None = None, incomplete: bool = False) -> DictConfig:
    """The configuration of a command, composed and checked.

    Args:
        conf: the folder of YAML files, if not the usual one.
        incomplete: let values that must be given be absent, to show the configuration.

    Raises:
        ConfigError: with every mistake in the overrides and in the files they choose.
    """
    folder = (conf or conf_dir()).resolve()
    composing = Composing(command, folder)
    with own_hydra(folder):
        cfg = composing.compose(overrides)
    problems = composing.problems
    if cfg is not None:
        problems = problems + problems_in(cfg, command, composing.hints, across=not problems)
    problems = [p for p in dict.fromkeys(problems) if not (incomplete and p.what == MUST_BE_GIVEN)]
    if problems or cfg is None:
        raise ConfigError([composing.placed(problem) for problem in problems])
    return cfg


@contextmanager
def own_hydra(conf: Path) -> Iterator[None]:
    """Hydra on a folder, apart from one that is already running (a multirun composes inside Hydra's own job)."""
    instance = GlobalHydra.instance()
    running, instance.hydra = instance.hydra, None
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = running


@dataclass
class Composing:
    """Sorts overrides into choices of files and values of keys, drops what cannot be applied, and remembers why."""

    command: str
    conf: Path
    problems: list[Problem] = field(default_factory=list)
    hints: Hints = field(default_factory=Hints)
    experiments: list[str] = field(default_factory=list)

    def compose(self, overrides: list[str]) -> DictConfig | None:
        """As much of the configuration as can be composed; None if not even the files could be."""
        parsed = [item for text in overrides for item in self.parse(text)]
        chosen = [item for item in parsed if self.is_choice(item) and self.choice_exists(item)]
        chosen.sort(key=lambda item: item.key_or_group.count("/"))  # model before model/net, to know whose fault it is
        files, usual = self.as_far_as_possible([], chosen)
        if usual is None:
            return None
        values = [item for item in parsed if not self.is_choice(item) and self.has_a_place(usual, item)]
        return self.as_far_as_possible(files, values)[1] if values else usual

    def parse(self, text: str) -> Iterator[Override]:
        """One override, or a problem with its grammar."""
        try:
            item = OverridesParser.create().parse_override(text)
        except HydraException as error:
            self.problems.append(ill_written(text, error, self.command))
            return
        if not item.key_or_group:
            self.problems.append(ill_written(text, "", self.command))
        elif item.is_sweep_override():
            self.problems.append(several_values(item, self.command))
        else:
            yield item

    def is_choice(self, item: Override) -> bool:
        """Whether the override chooses files from a group; a misspelt ``model=`` counts as one."""
        group = item.key_or_group.split("@")[0]
        return group in groups(self.conf) or group == "experiment"

    def choice_exists(self, item: Override) -> bool:
        """Whether the chosen files are there."""
        group, value = item.key_or_group.split("@")[0], item.value()
        if item.is_delete():
            return True
        for option in value if isinstance(value, list) else [value]:
            path = self.conf / group / f"{option}.yaml"
            absent = None if path.is_file() else absent_option(item.key_or_group, option, self.conf)
            problem = absent or unreadable(path, self.conf)
            if problem:
                self.problems.append(problem)
                return False
            if group == "experiment":
                self.experiments.append(str(option))
        return True

    def has_a_place(self, usual: DictConfig, item: Override) -> bool:
        """Whether there is a key for the override. An argument that the files leave out is added without a ``+``."""
        if item.key_or_group.partition(".")[0].partition("/")[0] == "hydra" or item.is_force_add():
            return True
        if item.key_or_group.startswith("choices"):
            self.problems.append(Problem(item.key_or_group, "says what was chosen", "Choose with: model=…   data=…"))
            return False
        parent, _, key = item.key_or_group.rpartition(".")
        node = OmegaConf.select(usual, parent) if parent else usual
        there = OmegaConf.is_dict(node) and key in set(node.keys())  # "in node" is false for ???
        if there and item.is_add():
            self.problems.append(added_twice(item))
        elif not there and not item.is_add():
            if key in accepted_by(node) and not item.is_delete():
                item.input_line = f"+{item.input_line}"
                return True
            self.problems.append(self.nowhere(usual, item, node))
        return there != item.is_add()

    def nowhere(self, usual: DictConfig, item: Override, node: Any) -> Problem:
        """A key that is not there: the nearest one beside it, else the nearest one anywhere."""
        where, value = item.key_or_group, item.get_value_element_as_str()
        if OmegaConf.is_dict(node) and "." in where:
            return unknown(where, value, {*map(str, node), *accepted_by(node)}, self.hints)
        return nearest_anywhere(usual, item, [*groups(self.conf), "experiment"], self.hints, self.command)

    def as_far_as_possible(self, base: list[str], items: list[Override]) -> tuple[list[str], DictConfig | None]:
        """The overrides that Hydra takes on top of ``base``, composed; the others become problems, one each."""
        texts = base + [str(item.input_line) for item in items]
        cfg = self.attempt(texts)
        if cfg is not None or not items:
            return texts, cfg
        taken = base
        for item in items:
            try:
                self.hydra([*taken, str(item.input_line)])
                taken = [*taken, str(item.input_line)]
            except REFUSED as error:
                self.problems.append(explained(item, error, self.hints))
        return taken, self.attempt(taken)

    def attempt(self, overrides: list[str]) -> DictConfig | None:
        """What Hydra makes of the overrides; None where it refuses."""
        try:
            return self.hydra(overrides)
        except REFUSED as error:
            if not overrides:
                self.problems.append(Problem(f"conf/{self.command}.yaml", " ".join(str(error).split())))
            return None

    def hydra(self, overrides: list[str]) -> DictConfig:
        """Let Hydra compose, and fill in what depends on the choices."""
        cfg = hydra_compose(self.command, overrides, return_hydra_config=True)
        choices: Any = OmegaConf.to_container(cfg.hydra.runtime.choices)
        places = {key.rpartition("@")[2].replace("/", "."): key for key in choices if not key.startswith("hydra")}
        cfg = finished(cfg, choices)
        self.hints = Hints(self.hints.usual or cfg, places, self.conf)
        return cfg

    def placed(self, problem: Problem) -> Problem:
        """The problem, with the name of the experiment file that it stands in."""
        for name in self.experiments:
            inside = OmegaConf.create(raw(self.conf / "experiment" / f"{name}.yaml"))
            parent, _, key = problem.where.partition("=")[0].rpartition(".")
            node = OmegaConf.select(inside, parent) if parent else inside
            if OmegaConf.is_dict(node) and key in set(node.keys()):
                return replace(problem, what=f"{problem.what} (in conf/experiment/{name}.yaml)")
        return problem


def accepted_by(node: Any) -> list[str]:
    """What the target of a node takes, in the files or not; nothing where there is no target."""
    accepted = signature(node["_target_"]) if OmegaConf.is_dict(node) and "_target_" in node else None
    return settable(accepted) if accepted else []


def finished(cfg: DictConfig, choices: dict[str, Any]) -> DictConfig:
    """Without Hydra's own part, with the names of the chosen files and the run's default name."""
    cfg = cfg.copy()
    with open_dict(cfg):
        cfg.pop("hydra", None)
        cfg.choices = {key: value for key, value in choices.items() if "/" not in key and "@" not in key}
        if "name" in cfg and cfg.name is None:
            cfg.name = f"{choices.get('model')}-{choices.get('data')}".replace("/", "-")
    return cfg
