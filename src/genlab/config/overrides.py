"""Parses the overrides of a command line and finds mistakes that show before composing."""

from __future__ import annotations

from collections.abc import Iterable

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig

from genlab.config import renamed
from genlab.config.files import Conf
from genlab.config.hints import beside, has
from genlab.config.mistakes import Mistake

Sorted = tuple[list[Override], list[Mistake]]  # what is right, and what is not


def read(texts: Iterable[str], several: bool = False) -> Sorted:
    """Parse overrides by Hydra's grammar; ``several`` also allows ``a=1,2``, as in a multirun."""
    return apart(parsed(text, several) for text in texts)


def apart(found: Iterable[Override | Mistake]) -> Sorted:
    """Separate the overrides from the mistakes."""
    listed = list(found)
    return [x for x in listed if isinstance(x, Override)], [x for x in listed if isinstance(x, Mistake)]


def parsed(text: str, several: bool) -> Override | Mistake:
    """Parse one override, with the current name of its key."""
    text = renamed.override(text)
    key, equals, _ = text.lstrip("+~").partition("=")
    try:
        item = OverridesParser.create().parse_override(text)
    except HydraException as error:
        return Mistake("unquoted" if key and equals else "no_assignment", text, reason=str(error).splitlines()[0])
    if not item.key_or_group:
        return Mistake("no_assignment", text)
    return Mistake("several_values", text) if item.is_sweep_override() and not several else item


# ---- choices of files ----------------------------------------------------------------------------------------------


def choices(items: list[Override], conf: Conf) -> Sorted:
    """The overrides that select files, a model before its parts, so that Hydra refuses a part that does not fit."""
    chosen = [item for item in items if is_choice(item, conf)]
    chosen.sort(key=lambda item: item.key_or_group.count("/"))
    return apart(absence(item, conf) or item for item in chosen)


def is_choice(item: Override, conf: Conf) -> bool:
    """Whether the override selects an option of a group."""
    return group_of(item) in conf.groups or group_of(item) == "experiment"


def group_of(item: Override) -> str:
    """``model/gan_net`` of ``model/gan_net@model.net=dcgan``."""
    return str(item.key_or_group.split("@")[0])


def options_of(item: Override) -> list[str]:
    """The selected options, usually one."""
    value = item.value()
    return [] if item.is_delete() else value if isinstance(value, list) else [value]  # type: ignore[list-item]


def experiments(files: list[Override]) -> tuple[str, ...]:
    """The selected experiments."""
    return tuple(str(option) for item in files if item.key_or_group == "experiment" for option in options_of(item))


def absence(item: Override, conf: Conf) -> Mistake | None:
    """The mistake if a selected file does not exist or cannot be parsed."""
    for option in options_of(item):
        name = f"{group_of(item)}/{option}"
        if conf.file(name) is None:
            return Mistake("absent_option", item.key_or_group, option)
        if unreadable := unreadable_file(name, conf):
            return unreadable
    return None


def unreadable_file(name: str, conf: Conf) -> Mistake | None:
    """The mistake in a file that Hydra could not report well: invalid YAML, or a missing package line."""
    path = conf.file(name)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        return Mistake("no_yaml", conf.shown(name), reason=" ".join(str(error).split()))
    if name.startswith("experiment/") and "@package _global_" not in text:
        return Mistake("no_package", conf.shown(name))
    return None


# ---- values of keys -------------------------------------------------------------------------------------------------


def values(items: list[Override], conf: Conf, usual: DictConfig) -> Sorted:
    """The overrides that set keys; those of keys that are not in ``usual`` become additions, to be checked later."""
    rest = (item for item in items if not is_choice(item, conf) and item.key_or_group != "hydra.searchpath")
    return apart(placed(item, usual) for item in rest)


def placed(item: Override, usual: DictConfig) -> Override | Mistake:
    """An override that Hydra can apply: for an argument that the files do not set, the ``+`` is added here."""
    where = str(item.key_or_group)
    if item.is_force_add() or where.replace("/", ".").startswith("hydra."):
        return item
    if where.split(".")[0] == "choices":
        return Mistake("choices_set", where)
    node, key = beside(where, usual)
    if has(node, key):
        return Mistake("added_twice", where, str(item.input_line).lstrip("+")) if item.is_add() else item
    if item.is_add():
        return item
    if node is None or node is usual:
        return Mistake("nowhere", where, item.get_value_element_as_str())
    if item.is_delete() or (item.value() is None and "_target_" not in node):  # to leave out what is not there
        return Mistake("not_deleted", where, known=tuple(map(str, node)))
    item.input_line = f"+{item.input_line}"
    return item


def forced(items: list[Override], conf: Conf) -> list[str]:
    """The overrides for Hydra's own composing in a sweep, with ``++`` so that keys not in the files are added."""
    plain = [is_choice(i, conf) or i.is_add() or i.is_delete() or i.is_hydra_override() for i in items]
    return [f"{'' if as_it_is else '++'}{item.input_line}" for item, as_it_is in zip(items, plain, strict=True)]
