"""Composes with Hydra, and converts its errors to one mistake per refused override."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any, ClassVar

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from genlab.config import renamed
from genlab.config.files import Conf, conf_dir
from genlab.config.mistakes import Mistake
from genlab.config.overrides import is_choice
from genlab.config.root_schema import OWN_KEYS
from genlab.config.trust import targets

REFUSED = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError)  # how composing fails


class OwnFolders(SearchPathPlugin):
    """Hydra plugin: searches ``--config-dir`` before our folder."""

    folders: ClassVar[list[Path]] = []

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Prepend the folders; called by Hydra when it initialises."""
        for folder in reversed(self.folders):
            search_path.prepend("--config-dir", f"file://{folder}")


Plugins.instance().register(OwnFolders)


@contextmanager
def user_folder_first(conf: Conf) -> Iterator[None]:
    """While open, Hydra searches the user's folder first."""
    before, OwnFolders.folders = OwnFolders.folders, list(takewhile(lambda f: f != conf_dir(), conf.folders))
    try:
        yield
    finally:
        OwnFolders.folders = before


@contextmanager
def own_hydra(conf: Conf, job_name: str = "app") -> Iterator[None]:
    """Initialise Hydra with our folders, setting aside a running instance (a multirun composes inside a Hydra job)."""
    instance = GlobalHydra.instance()
    running, instance.hydra = instance.hydra, None
    try:
        with user_folder_first(conf), initialize_config_dir(str(conf_dir()), job_name, "1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = running


def search_path_override(conf: Conf) -> list[str]:
    """The override that lets Hydra search the folders after ours; none where there are none."""
    further = dropwhile(lambda folder: folder != conf_dir(), conf.folders)
    named = ",".join(QuotedString(f"file://{folder}", Quote.single).with_quotes() for folder in list(further)[1:])
    return [f"hydra.searchpath=[{named}]"] if named else []


def compose_alone(conf: Conf, *names: str) -> dict[str, dict[str, Any]]:
    """Files of groups (``model/vae``), each with its own defaults and nothing else; ``${…}`` are left as they are.

    All are composed at once, side by side; one that cannot be composed is left out.
    """
    parts = [name.rpartition("/") for name in names]
    side_by_side = [f"+{group}@part{i}={option}" for i, (group, _, option) in enumerate(parts)]
    try:
        with own_hydra(conf):
            made: Any = OmegaConf.to_container(hydra_compose(None, [*search_path_override(conf), *side_by_side]))
    except REFUSED:
        return {} if len(names) == 1 else {n: node for name in names for n, node in compose_alone(conf, name).items()}
    return {name: made.get(f"part{i}", {}) for i, name in enumerate(names)}


class Session:
    """A configuration that is composed step by step. Use inside ``own_hydra``.

    ``cfg`` is what could be composed so far, None if nothing could. ``places`` maps a node to the group that fills it,
    as typed (``model.net`` -> ``model/gan_net@model.net``).
    """

    def __init__(self, command: str, conf: Conf) -> None:
        self.command, self.conf = command, conf
        self.taken = search_path_override(conf)
        self.cfg: DictConfig | None = None
        self.composed: DictConfig | None = None  # the same, as Hydra leaves it
        self.choices: Any = {}
        self.places: dict[str, str] = {}

    def add(self, items: list[Override]) -> list[Mistake]:
        """Compose with these overrides added; each one that Hydra refuses is left out and returned as a mistake."""
        if not items and self.cfg is not None:
            return []
        texts = [*self.taken, *self.for_hydra(items)]
        try:
            self.compose(texts, items)
        except REFUSED as error:
            return self.one_by_one(items, error)
        self.taken = texts
        return []

    def one_by_one(self, items: list[Override], error: Exception) -> list[Mistake]:
        """Add the overrides one at a time to find those that Hydra refuses."""
        if not items:
            return [Mistake("broken_file", self.conf.shown(self.command), reason=" ".join(str(error).split()))]
        unusable = self.add([]) if self.cfg is None else []
        if len(items) == 1 or unusable:
            return [*(refusal(item, error) for item in items), *unusable]
        return [mistake for item in items for mistake in self.add([item])]

    def compose(self, overrides: list[str], newest: list[Override]) -> None:
        """Compose with Hydra, and fill in the values that depend on the choices.

        If the ``newest`` overrides only set keys, they are applied to the previous result: reading and merging all files
        again would take half of a command's start-up time.
        """
        if self.composed is None or any(self.is_for_hydra(item) for item in newest):
            cfg = hydra_compose(self.command, overrides, return_hydra_config=True)
            self.choices = OmegaConf.to_container(cfg.hydra.runtime.choices)
            self.places = {k.rpartition("@")[2].replace("/", "."): k for k in self.choices if not k.startswith("hydra")}
            with open_dict(cfg):
                cfg.pop("hydra")
        else:
            cfg = self.composed.copy()
            texts = self.for_hydra(newest)
            ConfigLoaderImpl._apply_overrides_to_config(OverridesParser.create().parse_overrides(texts), cfg)
        self.composed, self.cfg = cfg, with_names_of_today(cfg, self.choices)

    def for_hydra(self, items: list[Override]) -> list[str]:
        """Their texts. A typed mapping whose keys are the user's own replaces the one before; Hydra would merge the two."""
        texts = []
        for item in items:
            where, text = str(item.key_or_group), str(item.input_line)
            before = None if self.composed is None or where not in OWN_KEYS else OmegaConf.select(self.composed, where)
            is_replaced = isinstance(before, DictConfig) and isinstance(item.value(), dict)
            texts += [f"~{where}", f"+{where}{text.partition(where)[2]}"] if is_replaced else [text]
        return texts

    def is_for_hydra(self, item: Override) -> bool:
        """Whether it selects a file or is one of Hydra's own settings."""
        return is_choice(item, self.conf) or item.is_hydra_override()


def with_names_of_today(cfg: DictConfig, choices: dict[str, Any]) -> DictConfig:
    """With today's names of code, of the chosen files and of the run."""
    cfg = cfg.copy()
    with open_dict(cfg):
        plain: Any = OmegaConf.to_container(cfg)
        if (new := renamed.metrics(plain.get("metrics"))) != plain.get("metrics"):
            renamed.tell(plain["metrics"]["_target_"], "a dict of evaluators (conf/metrics/default.yaml)")
            cfg.metrics = new
        for where, old in targets(OmegaConf.to_container(cfg)):
            if (new := renamed.target(str(old))) != old:
                renamed.tell(old, new)
                OmegaConf.update(cfg, f"{where}._target_", new)
        cfg.choices = {key: value for key, value in choices.items() if "/" not in key and "@" not in key}
        if "name" in cfg and cfg.name is None and "model" in cfg:
            cfg.name = default_name(choices)
    return cfg


def default_name(choices: Mapping[str, Any]) -> str:
    """The name of a run that is given none: ``<model>-<data>``."""
    return f"{choices.get('model')}-{choices.get('data')}".replace("/", "-")


def refusal(item: Override, error: Exception) -> Mistake:
    """The mistake behind an override that parses but that Hydra refuses."""
    said, text, where = str(error), str(item.input_line), str(item.key_or_group)
    if "Multiple values for" in said and item.is_add():
        return Mistake("added_twice", where, text.lstrip("+"))
    if item.is_hydra_override() and "Could not override" in said:
        return Mistake("absent_setting", text)
    if f"Could not override '{where}'" in said:
        return Mistake("absent_part", where, text) if "/" in where else Mistake("absent_group", text, where)
    missing = re.search(r"Could not find '(?P<group>[^']+)/(?P<option>[^'/]+)'", said)
    if missing and missing["group"].startswith("hydra/"):
        listed = [line.strip() for line in said.partition("Available options in")[2].splitlines()[1:]]
        there = tuple(name for name in listed if name and not re.search("[/:]", name))
        return Mistake("absent_plugin", text, missing["group"], there)
    if missing:
        return Mistake("absent_option", missing["group"], missing["option"], reason=text)
    return Mistake("refused", where, item.value(), (text,), " ".join(said.split("\n\n")[0].split()))
