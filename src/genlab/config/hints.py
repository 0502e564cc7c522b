"""Facts that messages refer to: default values, options and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.config.files import Conf
from genlab.console import program
from genlab.contracts import Problem


@dataclass(frozen=True)
class Hints:
    """Facts that messages refer to.

    Args:
        command: the command of the configuration.
        conf: the folders of YAML files.
        experiments: the selected files of ``experiment``.
        places: the group that fills a node, as typed (``model.net`` -> ``model/net``).
        usual: the configuration composed from the files alone.
        chosen: the option of each group in ``places``.
        typed: the keys of the overrides.
    """

    command: str = "train"
    conf: Conf = field(default_factory=Conf)
    experiments: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    usual: DictConfig = field(default_factory=OmegaConf.create)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()

    @property
    def program(self) -> str:
        """How to start the command."""
        return program(self.command)

    def options(self, where: str) -> list[str]:
        """The options for the node at ``where``; empty if no group fills it."""
        group = self.places.get(where)
        return self.conf.options(group.partition("@")[0]) if group else []

    def default(self, where: str) -> Any:
        """The default value at ``where``; None if there is none."""
        node, key = beside(where, self.usual)
        return node.get(key) if node else None

    def having(self, where: str, key: str) -> str:
        """A sentence naming the options for the node at ``where`` that have the key; empty if none has."""
        group = self.places.get(where, "")
        folder = group.partition("@")[0]
        found = [f"{group}={name}" for name in self.options(where) if key in self.conf.raw(f"{folder}/{name}")]
        return f"{key} belongs to {' or '.join(found)}. " if found else ""

    def making(self, where: str, key: str) -> str:
        """The same of options that make the node at ``where`` itself, as ``model/beta_schedule=warm_up`` makes model.beta."""
        parent, _, own = where.rpartition(".")
        groups = [group for group in self.conf.groups if group.rpartition("/")[0] == parent.replace(".", "/")]
        found = [
            f"{g}={name}" for g in groups for name in self.conf.options(g) if key in made_by(self.conf, g, name, own)
        ]
        return f"{key} belongs to {' or '.join(found)}. " if found else ""

    def chooser(self, override: str) -> str:
        """The source of a choice: an experiment's file, or the override itself."""
        group, _, option = override.partition("=")
        return self.conf.shown(f"experiment/{option}") if group == "experiment" else override

    def placed(self, problem: Problem) -> Problem:
        """The problem, with the name of the experiment file that sets the key; for a ``_target_``, of any file."""
        for name in self.experiments:
            inside = OmegaConf.create(self.conf.raw(f"experiment/{name}"))
            node, key = beside(problem.where.partition("=")[0], inside)
            if has(node, key):
                return replace(problem, what=f"{problem.what} (in {self.conf.shown(f'experiment/{name}')})")
        if problem.where.endswith("._target_") and (source := self.source(problem.where)):
            return replace(problem, what=f"{problem.what} ({source})")
        return problem

    def source(self, where: str) -> str:
        """Where a key got its value: typed, or in which file; empty if it is not known."""
        if where in self.typed:
            return "typed on the command line"
        parts = where.split(".")
        nodes = [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
        node = next((node for node in nodes if node in self.places), None)
        if node is None:
            return ""
        group = self.places[node]
        option = self.chosen.get(group)
        names = [f"{group.partition('@')[0]}/{one}" for one in (option if isinstance(option, list) else [option])]
        inside = where.removeprefix(f"{node}.")
        setting = (name for name in names if has(*beside(inside, OmegaConf.create(self.conf.raw(name)))))
        return f"in {self.conf.shown(next(setting, names[0]))}"


def made_by(conf: Conf, group: str, option: str, key: str) -> Mapping[str, Any]:
    """The part that an option's file puts at a key beside the group itself; empty if it puts none there."""
    part = conf.raw(f"{group}/{option}").get(key)
    return part if isinstance(part, dict) and "_target_" in part else {}


def beside(where: str, cfg: DictConfig) -> tuple[DictConfig | None, str]:
    """The parent node of a key (None if there is none) and the key's own name."""
    parent, _, key = where.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    return (node if OmegaConf.is_dict(node) else None), key


def has(node: DictConfig | None, key: str) -> bool:
    """Whether a key exists, including mandatory ones without a value (``???``, for which ``in`` is false)."""
    return node is not None and key in set(node.keys())


def every_key(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key below a node, except ``choices`` and those that start with ``_``."""
    for key in map(str, cfg):
        if key.startswith("_") or (key == "choices" and not prefix):
            continue
        yield f"{prefix}{key}"
        value = None if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key) else cfg[key]
        if isinstance(value, DictConfig):
            yield from every_key(value, f"{prefix}{key}.")
