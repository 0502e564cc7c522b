"""A sweep file: a W&B sweep configuration, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from genlab.contracts import ConfigError, Problem
from genlab.sweeps.content import content_of
from genlab.sweeps.goal import Hyperband, Metric, meant, read_hyperband, read_metric
from genlab.sweeps.parameters import Parameter, is_whole, listed_values, read_parameter

__all__ = ["Hyperband", "Metric", "Parameter", "SweepFile", "read_sweep", "with_fixed"]

METHODS = ("grid", "random", "bayes")
TEXTS = ("name", "description", "program", "project", "entity")
KEYS = (*TEXTS, "command", "method", "metric", "parameters", "run_cap", "early_terminate")
NAME = re.compile(r"\+{0,2}[A-Za-z_][\w./@-]*")
OTHERS = {  # keys of W&B's that mean nothing here
    "job": "belongs to W&B Launch",
    "image_uri": "belongs to W&B Launch",
    "scheduler": "belongs to W&B Launch",
    "metrics": "is for several goals; grid, random and bayes have one",
    "controller": "chooses one of W&B's own samplers",
    "apiVersion": "is not needed",
    "kind": "is not needed",
}


@dataclass(frozen=True)
class SweepFile:
    """A sweep file.

    Args:
        path: where it lies.
        text: its text as given.
        method: how values are chosen.
        parameters: by name, in the order of the file; those below ``parameters:`` of another one have dotted names.
        name, description, program, project, entity: as given.
        command: how an agent starts a run, with W&B's macros; empty if not given.
        metric: the goal; None if not given.
        run_cap: the number of runs; None if not given.
        early_terminate: None if every run goes on to its end.
        nested: the names of parameters below another one. An agent passes those as one dict, which Hydra cannot read.
    """

    path: Path
    text: str
    method: Literal["grid", "random", "bayes"]
    parameters: dict[str, Parameter]
    name: str | None = None
    description: str | None = None
    program: str | None = None
    command: list[str] = field(default_factory=list)
    metric: Metric | None = None
    run_cap: int | None = None
    early_terminate: Hyperband | None = None
    project: str | None = None
    entity: str | None = None
    nested: tuple[str, ...] = ()

    @property
    def typed(self) -> list[str]:
        """The overrides that ``command`` has for every run: what follows the program, without W&B's macros."""
        words = self.command[self.command.index("${program}") + 1 :] if "${program}" in self.command else []
        return [word for word in words if not word.startswith("${")]

    @property
    def varied(self) -> list[str]:
        """The names of the parameters that differ between cells."""
        return [name for name, parameter in self.parameters.items() if not parameter.is_fixed]


def with_fixed(file: SweepFile, overrides: Mapping[str, Any]) -> SweepFile:
    """The file with parameters replaced, or added: each by one value, or by a list of values (a list as a value: ``[[1, 2]]``).

    Raises:
        ConfigError: a list is empty.
    """
    empty = [name for name, value in overrides.items() if value == []]
    if empty:
        raise ConfigError([Problem(name, "has no values", f"Type: {name}=1,2") for name in empty])
    new = {
        name: listed_values(name, value if isinstance(value, list) else [value]) for name, value in overrides.items()
    }
    return replace(file, parameters=file.parameters | new)


# ---- reading --------------------------------------------------------------------------------------------------------


def read_sweep(path: Path) -> SweepFile:
    """Read and check a sweep file.

    Raises:
        ConfigError: with every mistake in it; it is not there; it is no YAML.
    """
    text, content = content_of(path)
    reading = Reading(content)
    parts = reading.parts()
    if reading.problems:
        raise ConfigError(replace(p, where=f"{path}, {p.where}" if p.where else str(path)) for p in reading.problems)
    return SweepFile(path, text, **parts)


class Reading:
    """Reads the keys of a sweep file, and collects the mistakes in ``problems``."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.problems: list[Problem] = []
        self.parameters: dict[str, Parameter] = {}
        self.nested: list[str] = []

    def parts(self) -> dict[str, Any]:
        """The arguments of ``SweepFile`` besides path and text; of use only if there are no problems."""
        self.problems += [unknown(key) for key in self.content if key not in KEYS]
        parts = {key: value for key, value in self.content.items() if key in (*TEXTS, "run_cap", "method")}
        self.check_texts(parts)
        parts["command"] = self.command()
        for key, read in (("metric", read_metric), ("early_terminate", read_hyperband)):
            if key in self.content:
                parts[key] = self.accepted(key, read(self.content[key]))
        self.group("parameters", self.content.get("parameters"), "")
        self.check_method(self.content.get("method"))
        return parts | {"parameters": self.parameters, "nested": tuple(self.nested)}

    def check_texts(self, parts: dict[str, Any]) -> None:
        """Names are text, and ``run_cap`` is a positive number."""
        for key in set(TEXTS) & set(parts):
            if not isinstance(parts[key], str):
                self.problems.append(Problem(f"{key}={parts[key]}", "must be text"))
        cap = parts.get("run_cap", 1)
        if not is_whole(cap) or cap < 1:
            self.problems.append(Problem(f"run_cap={cap}", "must be a whole number, at least 1"))

    def command(self) -> list[str]:
        """The words of ``command``."""
        words = self.content.get("command", [])
        if not isinstance(words, list):
            self.problems.append(Problem("command", "is no list of words", "Write each word on a line, after a dash."))
            return []
        return list(map(str, words))

    def accepted(self, where: str, found: Any) -> Any:
        """What was read; if that are mistakes, they are noted."""
        if not isinstance(found, list):
            return found
        self.problems += [replace(p, where=f"{where}.{p.where}" if p.where else where) for p in found]
        return None

    def group(self, where: str, group: Any, prefix: str) -> None:
        """Read a group of parameters, and those within."""
        if not isinstance(group, dict) or not group:
            self.problems.append(Problem(where, "has no parameters", "Write: model.beta: {values: [1, 4]}"))
            return
        for name, keys in group.items():
            here = f"{where}.{name}"
            if not isinstance(name, str) or not NAME.fullmatch(name):
                self.problems.append(Problem(here, "is no name of a key"))
            elif not isinstance(keys, dict):
                remedy = f"Write: {name}: {{{'values' if isinstance(keys, list) else 'value'}: {keys}}}"
                self.problems.append(Problem(here, f"{keys} is no group of keys", remedy))
            elif set(keys) == {"parameters"}:
                self.group(f"{here}.parameters", keys["parameters"], f"{prefix}{name}.")
            else:
                self.add(here, f"{prefix}{name}", keys)
                self.nested += [f"{prefix}{name}"] if prefix else []

    def add(self, where: str, name: str, keys: dict[str, Any]) -> None:
        """Read one parameter."""
        if name in self.parameters:
            self.problems.append(Problem(where, f"{name} stands there twice", "Leave one out."))
        elif (parameter := self.accepted(where, read_parameter(name, keys))) is not None:
            self.parameters[name] = parameter

    def check_method(self, method: Any) -> None:
        """The method exists and finds what it needs."""
        if method not in METHODS:
            where = f"method={method}" if method is not None else "method"
            what = "there is no such method" if method is not None else "must be given"
            self.problems.append(Problem(where, what, meant(method, METHODS)))
        missing = [key for key in ("early_terminate",) if key in self.content]
        missing += ["method=bayes"] if method == "bayes" else []
        if missing and "metric" not in self.content:
            remedy = "Write: metric: {name: …, goal: minimize}"
            self.problems.append(Problem("metric", f"must be given: {missing[-1]} needs a goal", remedy))
        if method == "bayes" and all(p.is_fixed for p in self.parameters.values()) and not self.problems:
            self.problems.append(Problem("parameters", "have one value each: there is nothing to search", ""))
        self.problems += [p for one in self.parameters.values() if (p := unfit(one, method))]


def unfit(parameter: Parameter, method: Any) -> Problem | None:
    """The mistake of a parameter that the method, here as at W&B, does not take."""
    where = f"parameters.{parameter.name}"
    if method in ("grid", "bayes") and parameter.probabilities is not None:
        return Problem(
            f"{where}.probabilities", f"method={method} takes none", "Leave them out, or write: method: random"
        )
    if method == "grid" and not parameter.is_list and parameter.distribution not in ("int_uniform", "q_uniform"):
        what = f"method=grid takes no range of {parameter.distribution}: it has no end of values"
        return Problem(where, what, "Write: values: […]   or, in their place, method: random")
    return None


def unknown(key: Any) -> Problem:
    """A key that a sweep file does not have."""
    if key in OTHERS:
        return Problem(str(key), OTHERS[key], "Leave it out.")
    return Problem(str(key), "there is no such key", meant(key, KEYS))
