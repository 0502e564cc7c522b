"""The check between composing and anything heavy: every key, type and range, all problems at once, without torch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from genlab.config.roots import ROOTS, Node
from genlab.config.rules import crossed
from genlab.config.signature import Parameter, Signature, signature
from genlab.config.trust import trusted
from genlab.config.types import PATTERNS
from genlab.contracts import ConfigError, Problem

HYDRA_KEYS = ("_target_", "_partial_", "_convert_", "_recursive_")
MISSING = "???"


def check(cfg: DictConfig, command: str) -> None:
    """Hold the configuration of ``command`` against the signatures behind it.

    Raises:
        ConfigError: with every problem found.
    """
    problems = problems_in(cfg, command)
    if problems:
        raise ConfigError(problems)


def problems_in(cfg: DictConfig, command: str, defaults: DictConfig | None = None) -> list[Problem]:
    """Every problem, in the order of the configuration. ``defaults``: where examples of right values come from."""
    try:
        plain: Any = OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        return [Problem(error.full_key or "configuration", str(error).splitlines()[0])]
    found = list(Walk(plain.get("trust") or [], defaults).root(plain, ROOTS[command]))
    own = [problem for problem in found if not is_borrowed(cfg, problem.where.partition("=")[0])]
    return own or found or list(crossed(plain))


def is_borrowed(cfg: DictConfig, where: str) -> bool:
    """Whether the value at ``where`` is another key's (``${trainer.max_epochs}``): the mistake is told there, once."""
    parent, _, key = where.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    return OmegaConf.is_dict(node) and key in set(node.keys()) and OmegaConf.is_interpolation(node, key)


class Walk:
    """Goes through a plain configuration and yields what does not fit."""

    def __init__(self, trust: list[str], defaults: DictConfig | None) -> None:
        self.trust, self.defaults = trust, defaults

    def root(self, plain: dict[str, Any], known: dict[str, Any], prefix: str = "") -> Iterator[Problem]:
        """Keys without a ``_target_`` above them: typed by the table of roots."""
        for key, value in plain.items():
            where = prefix + key
            if key not in known:
                yield unknown(where, value, known)
            elif isinstance(known[key], dict):
                yield from self.root(value or {}, known[key], f"{where}.")
            else:
                yield from self.value(where, value, known[key])
                if known[key] == Node and isinstance(value, dict):
                    yield from self.node(where, value)
        for key in known.keys() - plain.keys():
            yield Problem(prefix + key, "is missing", f"Type: {prefix}{key}=…")

    def node(self, where: str, node: dict[str, Any]) -> Iterator[Problem]:
        """A dict of the configuration: with a ``_target_``, or a collection of such."""
        if "_target_" not in node:
            for key, value in node.items():
                if isinstance(value, dict):
                    yield from self.node(f"{where}.{key}", value)
                elif value is not None:
                    what = "belongs to nothing: there is no _target_ beside it"
                    yield unknown(f"{where}.{key}", value, node.keys() - {key}, what)
            return
        target = node["_target_"]
        if not trusted(target, self.trust):
            top = str(target).split(".")[0]
            yield Problem(
                f"{where}._target_", f"{target} is code that is not trusted", f"If you trust it, type: trust=[{top}]"
            )
            return
        accepted = signature(target)
        if accepted is None:
            yield Problem(f"{where}._target_", f"there is no {target}", "Look at the file in conf/ that names it.")
            return
        yield from self.arguments(where, node, accepted)

    def arguments(self, where: str, node: dict[str, Any], accepted: Signature) -> Iterator[Problem]:
        """The keys of a node against the arguments of its target."""
        parameters = accepted.parameters
        for key, value in node.items():
            if key in HYDRA_KEYS:
                continue
            if key in parameters:
                yield from self.argument(f"{where}.{key}", value, parameters[key])
            elif not accepted.open:
                yield unknown(
                    f"{where}.{key}", value, [n for n, p in parameters.items() if not p.injected and n != "seed"]
                )
        for name, parameter in parameters.items():
            if parameter.required and not parameter.injected and name not in node and name != "seed":
                yield Problem(f"{where}.{name}", "is missing", f"Type: +{where}.{name}=…")

    def argument(self, where: str, value: Any, parameter: Parameter) -> Iterator[Problem]:
        """One value against its type; a ``_target_`` of its own is walked instead."""
        if isinstance(value, dict) and "_target_" in value:
            yield from self.node(where, value)
        elif parameter.injected:
            what = "is made by a _target_, not by a value"
            yield Problem(where, what, f"Choose one of conf/{where.replace('.', '/')}/: {where.replace('.', '/')}=…")
        else:
            yield from self.value(where, value, parameter.type)

    def value(self, where: str, value: Any, kind: Any) -> Iterator[Problem]:
        """At most one problem: what the value is, and what it should be. Nothing is converted: '3' is no number."""
        if value == MISSING:
            yield Problem(where, "must be given", f"Type: {where}=…")
            return
        try:
            TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
        except ValidationError as error:
            shown = "null" if value is None else value
            usual = OmegaConf.select(self.defaults, where) if self.defaults is not None else None
            remedy = f"Type: {where}={usual} (the default) or another such value" if usual not in (None, value) else ""
            yield Problem(f"{where}={shown}", reasons(error), remedy)


def reasons(error: ValidationError) -> str:
    """pydantic's reasons in a user's words, alternatives joined by "or"."""
    said: list[str] = []
    for item in error.errors():
        message = PATTERNS.get(item.get("ctx", {}).get("pattern", ""), item["msg"])
        reason = message.removeprefix("Input should be ").replace("a valid ", "a ").replace("None", "null")
        reason = reason.replace("a integer", "a whole number").replace("an integer", "a whole number")
        reason = reason.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")
        if reason not in said:
            said.append(reason)
    return "must be " + ", or ".join(said)


def unknown(where: str, value: Any, known: Iterable[str], what: str = "there is no such key") -> Problem:
    """An unknown key, with the nearest known one in the exact words to type."""
    head, dot, key = where.rpartition(".")
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.6)
    if near:
        shown = f"={value}" if not isinstance(value, dict | list) else "=…"
        return Problem(where, what, f"Did you mean {head}{dot}{near[0]}{shown} ?")
    return Problem(where, what, f"Known here: {', '.join(names)}" if names else "")
