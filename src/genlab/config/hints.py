"""Defaults, choices and files that an error message can point to."""

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
    """Defaults, choices and files of one command.

    Args:
        command: whose keys they are.
        conf: the folders of the files.
        experiments: the files of ``experiment`` that were chosen.
        places: which choice fills a node, as it is typed (``model.net`` -> ``model/net``).
        usual: the configuration that the files alone make.
    """

    command: str = "train"
    conf: Conf = field(default_factory=Conf)
    experiments: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    usual: DictConfig = field(default_factory=OmegaConf.create)

    @property
    def program(self) -> str:
        """How the command was started."""
        return program(self.command)

    def options(self, where: str) -> list[str]:
        """What can be chosen for the node at ``where``; empty where nothing can."""
        group = self.places.get(where)
        return self.conf.options(group.partition("@")[0]) if group else []

    def default(self, where: str) -> Any:
        """The usual value at ``where``; None where there is none."""
        node, key = beside(where, self.usual)
        return node.get(key) if node else None

    def having(self, where: str, key: str) -> str:
        """Which other choice for the node at ``where`` has a key of that name, in a sentence."""
        group = self.places.get(where, "")
        folder = group.partition("@")[0]
        found = [f"{group}={name}" for name in self.options(where) if key in self.conf.raw(f"{folder}/{name}")]
        return f"{key} belongs to {' or '.join(found)}. " if found else ""

    def chooser(self, override: str) -> str:
        """What made a choice: an experiment's file, or the override itself."""
        group, _, option = override.partition("=")
        return self.conf.shown(f"experiment/{option}") if group == "experiment" else override

    def placed(self, problem: Problem) -> Problem:
        """The problem, with the name of the experiment file that it stands in."""
        for name in self.experiments:
            inside = OmegaConf.create(self.conf.raw(f"experiment/{name}"))
            node, key = beside(problem.where.partition("=")[0], inside)
            if has(node, key):
                return replace(problem, what=f"{problem.what} (in {self.conf.shown(f'experiment/{name}')})")
        return problem


def beside(where: str, cfg: DictConfig) -> tuple[DictConfig | None, str]:
    """The node that a key stands in, and the key's own name; no node where there is none."""
    parent, _, key = where.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    return (node if OmegaConf.is_dict(node) else None), key


def has(node: DictConfig | None, key: str) -> bool:
    """Whether a key is there, be it only to be given (``???``, for which ``in`` is false)."""
    return node is not None and key in set(node.keys())


def every_key(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key below a node, but for those of Hydra's and ours that nobody sets."""
    for key in map(str, cfg):
        if key.startswith("_") or (key == "choices" and not prefix):
            continue
        yield f"{prefix}{key}"
        value = None if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key) else cfg[key]
        if isinstance(value, DictConfig):
            yield from every_key(value, f"{prefix}{key}.")
