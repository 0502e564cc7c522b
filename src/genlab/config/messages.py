"""How a mistake is told: in a user's words, with the nearest right thing in the exact words to type."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from genlab.config.files import conf_dir, options, raw
from genlab.contracts import Problem

MUST_BE_GIVEN = "must be given"
SHOWN = 12  # names in a message
WORDS = {
    "Input should be ": "",
    "None": "null",
    "an integer": "a whole number",
    "a integer": "a whole number",
    "an array": "a list",
    "a array": "a list",
    "an object": "a group of keys",
    "a boolean": "true or false",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}


@dataclass(frozen=True)
class Hints:
    """What a message can point at.

    ``usual``: the configuration that the files alone make. ``groups``: which choice fills a node, as it is typed
    (``model.net`` -> ``model/net``). ``conf``: the folder of the files.
    """

    usual: DictConfig | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    conf: Path = field(default_factory=conf_dir)

    def options(self, where: str) -> list[str]:
        """What can be chosen for the node at ``where``; empty where nothing can."""
        group = self.groups.get(where)
        return options(group.partition("@")[0], self.conf) if group else []

    def default(self, where: str) -> Any:
        """The usual value at ``where``; None where there is none."""
        if self.usual is None:
            return None
        parent, _, key = where.rpartition(".")
        node = OmegaConf.select(self.usual, parent) if parent else self.usual
        return node.get(key) if OmegaConf.is_dict(node) else None

    def having(self, where: str, key: str) -> str:
        """Which other choice for the node at ``where`` has a key of that name, in a sentence."""
        group = self.groups.get(where, "")
        folder = self.conf / group.partition("@")[0]
        found = [f"{group}={name}" for name in self.options(where) if key in raw(folder / f"{name}.yaml")]
        return f"{key} belongs to {' or '.join(found)}. " if found else ""


def typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    if isinstance(value, dict):
        return "…"
    return str(value)


def unknown(where: str, value: Any, known: Iterable[str], hints: Hints, what: str = "there is no such key") -> Problem:
    """An unknown key: the nearest one beside it, else what there is and which other choice has it."""
    head, dot, key = where.rpartition(".")
    names = sorted(name for name in known if not name.startswith("_"))
    elsewhere = hints.having(head, key)
    near = [] if elsewhere else difflib.get_close_matches(key, names, n=1, cutoff=0.6)
    if near:
        return Problem(where, what, f"Did you mean {head}{dot}{near[0]}={typed(value)} ?")
    if len(names) > SHOWN:
        names = [*sorted(difflib.get_close_matches(key, names, n=SHOWN, cutoff=0)), "…"]
    listed = f"Known here: {', '.join(names)}" if names else ""
    return Problem(where, what, (elsewhere + listed).strip())


def not_a_value(where: str, value: Any, hints: Hints) -> Problem:
    """A plain value where only a ``_target_`` can stand: most often ``model.optimizer=sgd`` for ``model/optimizer=sgd``."""
    group, names = hints.groups.get(where), hints.options(where)
    if group is None:
        return Problem(f"{where}={typed(value)}", "is made by a _target_, not by a value", f"Type: {where}._target_=…")
    if str(value) in names:
        return Problem(f"{where}={value}", "is chosen with a slash", f"Did you mean {group}={value} ?")
    return Problem(f"{where}={typed(value)}", "is chosen, not set", f"Type: {group}=…   Options: {', '.join(names)}")


def wrong(where: str, value: Any, error: ValidationError, hints: Hints) -> Problem:
    """A value that does not fit, with one that would."""
    usual = hints.default(where)
    remedy, near = "", nearest_choice(value, error)
    if near:
        remedy = f"Did you mean {where}={near} ?"
    elif isinstance(value, str) and {item["type"] for item in error.errors()} == {"list_type"}:
        remedy = f"Type: {where}=[{value}]"
    elif isinstance(value, int | float) and {item["type"] for item in error.errors()} == {"string_type"}:
        remedy = f"""Put quotes around it: '{where}="{typed(value)}"'"""
    elif OmegaConf.is_dict(usual):
        remedy = " ".join(["Type:", *(f"{where}.{key}=…" for key in usual)])
    elif usual not in (None, "") and typed(usual) != typed(value):
        remedy = f"Type: {where}={typed(usual)} (the default) or another such value"
    return Problem(f"{where}={typed(value)}", reasons(error), remedy)


def nearest_choice(value: Any, error: ValidationError) -> str:
    """What was meant where a value, or each of a list, must be one of several words; empty where none is near."""
    told = [item["ctx"]["expected"] for item in error.errors() if item["type"] == "literal_error"]
    known = {word.lower(): word for words in told for word in re.findall("'([^']*)'", words)}
    near = [
        known[found[0]] if (found := difflib.get_close_matches(str(one).lower(), known, n=1, cutoff=0.6)) else ""
        for one in (value if isinstance(value, list) else [value])
    ]
    if not all(near):
        return ""
    return typed(near) if isinstance(value, list) else near[0]


def reasons(error: ValidationError) -> str:
    """pydantic's reasons in a user's words, alternatives joined by "or"."""
    said: dict[str, None] = {}
    for item in error.errors():
        reason = item["msg"].replace("a valid ", "a ")
        for words, ours in WORDS.items():
            reason = reason.replace(words, ours)
        if item["type"] == "string_pattern_mismatch":
            reason = PATTERNS.get(item["ctx"]["pattern"], "text of another form")
        said[reason] = None
    return "must be " + ", or ".join(said)


PATTERNS = {
    r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$": "a name of letters, digits and . _ + - only",
    r"^(-1|[0-9]+(,[0-9]+)*)$": "numbers of devices, such as 0,1",
    r"^[0-9]+:[0-9]{2}:[0-9]{2}:[0-9]{2}$": "a duration, days:hours:minutes:seconds, such as 00:08:00:00",
}


def as_json(value: Any) -> str:
    """A plain configuration value for pydantic, whose strict JSON mode takes lists for tuples and nothing else on trust."""
    return json.dumps(value, default=str)
