"""What is wrong with an override that Hydra will not take, in our words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from genlab.config.files import options
from genlab.config.messages import Hints
from genlab.contracts import Problem


def ill_written(text: str, error: Exception | str, command: str) -> Problem:
    """Not of the form ``key=value``, or a value that needs quotes."""
    if not text.lstrip("+~").partition("=")[0] or "=" not in text:
        what, remedy = "is no key=value", f"python src/{command}.py --help lists the keys."
        return Problem(text, what, remedy)
    key, _, value = text.partition("=")
    reason = str(error).splitlines()[0]
    return Problem(text, f"cannot be read ({reason})", f"""Put quotes around the value: '{key}="{value}"'""")


def several_values(item: Override, command: str) -> Problem:
    """``a=1,2`` outside a multirun."""
    text = str(item.input_line)
    key, _, value = text.partition("=")
    remedy = f"""One run for each: python src/{command}.py -m {text}   One value: '{key}="{value}"'"""
    return Problem(text, "stands for several values", remedy)


def added_twice(item: Override) -> Problem:
    """``+key=…`` of a key that is there."""
    return Problem(item.key_or_group, "is there already", f"Type: {str(item.input_line).lstrip('+')}")


def absent_option(group: str, option: Any, conf: Path) -> Problem:
    """A choice of a file that is not there."""
    folder = group.split("@")[0]
    names = options(folder, conf)
    if option is None:
        return Problem(f"{group}=null", "cannot be empty", f"Options: {', '.join(names)}")
    near = difflib.get_close_matches(str(option), names, n=1, cutoff=0.4)
    remedy = f"Did you mean {group}={near[0]} ? " if near else ""
    remedy += f"Options: {', '.join(names)}" if names else f"Make the file conf/{folder}/{option}.yaml"
    return Problem(f"{group}={option}", f"there is no {folder} of that name", remedy)


def unreadable(path: Path, conf: Path) -> Problem | None:
    """What is wrong with a chosen file before Hydra looks into it; None where nothing is."""
    text = path.read_text(encoding="utf-8")
    where = f"conf/{path.relative_to(conf).as_posix()}"
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        return Problem(where, f"is no YAML: {' '.join(str(error).split())}")
    if where.startswith("conf/experiment/") and "@package _global_" not in text:
        return Problem(where, "does not say where its keys belong", "Begin the file with the line: # @package _global_")
    return None


def nearest_anywhere(usual: DictConfig, item: Override, groups: list[str], hints: Hints, command: str) -> Problem:
    """A key without a place: one of the same name elsewhere (``lr``), else one that is spelt much like it."""
    where = item.key_or_group
    keys = [*every_key(usual), *groups]
    same = sorted((key for key in keys if key.rpartition(".")[2] == where), key=lambda key: key.count("."))
    near = same or difflib.get_close_matches(where, keys, n=1, cutoff=0.6)
    remedy = hints.having(*where.split(".")[:2]) if "." in where else ""
    if near:
        remedy = f"Did you mean {near[0]}={item.get_value_element_as_str()} ?"
    return Problem(
        where, "there is no such key", remedy.strip() or f"python src/{command}.py --cfg job shows every key."
    )


def every_key(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key that a user may set."""
    for key in map(str, cfg):
        if key.startswith("_") or (key == "choices" and not prefix):
            continue
        yield f"{prefix}{key}"
        value = None if OmegaConf.is_missing(cfg, key) or OmegaConf.is_interpolation(cfg, key) else cfg[key]
        if isinstance(value, DictConfig):
            yield from every_key(value, f"{prefix}{key}.")


def explained(item: Override, error: Exception, hints: Hints) -> Problem:
    """Why Hydra refused an override that looked right."""
    said, text = str(error), str(item.input_line)
    if "Multiple values for" in said and item.is_add():
        return added_twice(item)
    if item.key_or_group == "experiment":
        text = f"conf/experiment/{item.get_value_element_as_str()}.yaml"
    missing = re.search(r"Could not find '(?P<group>[^']+)/(?P<option>[^'/]+)'", said)
    if missing and missing["group"].startswith("hydra/"):
        names = [line.strip() for line in said.partition("Available options in")[2].splitlines()[1:] if line.strip()]
        there = [name for name in names if "/" not in name and ":" not in name]
        return Problem(text, f"there is no {missing['group']} of that name", f"Installed: {', '.join(there)}")
    if missing:
        found = absent_option(missing["group"], missing["option"], hints.conf)
        return Problem(text, f"{found.where}: {found.what}", found.remedy)
    if "Could not override" in said and "/" in item.key_or_group:
        return no_such_part(item, hints)
    if "Could not override" in said:
        return Problem(
            text, f"this command has no {item.key_or_group} to choose", "Leave it out; --help lists the keys."
        )
    value = item.value()
    remedy = f"Choose one: {item.key_or_group}={value[0]}" if isinstance(value, list) and value else ""
    return Problem(text, " ".join(said.split("\n\n")[0].split()), remedy)


def no_such_part(item: Override, hints: Hints) -> Problem:
    """``model/net=…`` for a model that has no such part, or has another one in that place."""
    group = item.key_or_group.split("@")[0]
    whole = group.partition("/")[0]
    parts = [key for key in hints.groups.values() if key.startswith(f"{whole}/")]
    place = hints.groups.get(group.replace("/", ".")) or next((k for k in parts if k.split("@")[0] == group), None)
    if place:
        names = options(place.split("@")[0], hints.conf)
        remedy = f"Type: {place}=…   Options: {', '.join(names)}"
    else:
        remedy = f"There are: {', '.join(parts)}"
    return Problem(str(item.input_line), f"the chosen {whole} has no {item.key_or_group}", remedy)
