"""The overrides of a command line, and what is wrong with one before Hydra composes with it."""

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
    """``key=value`` each, by Hydra's grammar; ``several``: also ``a=1,2``, as a multirun takes it."""
    return apart(parsed(text, several) for text in texts)


def apart(found: Iterable[Override | Mistake]) -> Sorted:
    """The overrides, and the mistakes."""
    listed = list(found)
    return [x for x in listed if isinstance(x, Override)], [x for x in listed if isinstance(x, Mistake)]


def parsed(text: str, several: bool) -> Override | Mistake:
    """One override, under the key's name of today."""
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
    """Overrides that choose files, a model before its parts, so that Hydra refuses the part that does not fit."""
    chosen = [item for item in items if is_choice(item, conf)]
    chosen.sort(key=lambda item: item.key_or_group.count("/"))
    return apart(absence(item, conf) or item for item in chosen)


def is_choice(item: Override, conf: Conf) -> bool:
    """Whether the override chooses from a group."""
    return group_of(item) in conf.groups or group_of(item) == "experiment"


def group_of(item: Override) -> str:
    """``model/gan_net`` of ``model/gan_net@model.net=dcgan``."""
    return str(item.key_or_group.split("@")[0])


def options_of(item: Override) -> list[str]:
    """What it chooses, usually one."""
    value = item.value()
    return [] if item.is_delete() else value if isinstance(value, list) else [value]  # type: ignore[list-item]


def experiments(files: list[Override]) -> tuple[str, ...]:
    """The experiments among the choices."""
    return tuple(str(option) for item in files if item.key_or_group == "experiment" for option in options_of(item))


def absence(item: Override, conf: Conf) -> Mistake | None:
    """A chosen file that is not there, or that cannot be read."""
    for option in options_of(item):
        name = f"{group_of(item)}/{option}"
        if conf.file(name) is None:
            return Mistake("absent_option", item.key_or_group, option)
        if unreadable := unreadable_file(name, conf):
            return unreadable
    return None


def unreadable_file(name: str, conf: Conf) -> Mistake | None:
    """What is wrong with a file before Hydra looks into it."""
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
    """Those that set keys, of which ``usual`` has some: the others become additions, for the check to judge."""
    rest = (item for item in items if not is_choice(item, conf) and item.key_or_group != "hydra.searchpath")
    return apart(placed(item, usual) for item in rest)


def placed(item: Override, usual: DictConfig) -> Override | Mistake:
    """An override that Hydra can apply. An argument that the files leave out needs no ``+``."""
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
    """For Hydra to compose by itself, as in a sweep: what the files leave out is added, as ``values`` would."""
    plain = [is_choice(i, conf) or i.is_add() or i.is_delete() or i.is_hydra_override() for i in items]
    return [f"{'' if as_it_is else '++'}{item.input_line}" for item, as_it_is in zip(items, plain, strict=True)]
