"""The check between composing and anything heavy: every key, type and range, all mistakes at once, without torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from genlab.config.hints import beside, has
from genlab.config.mistakes import Mistake
from genlab.config.root_schema import NAMED, READING_DATA, ROOTS, Node
from genlab.config.signature import Parameter, Signature, signature
from genlab.config.trust import trusted, untrusted

HYDRA_KEYS = ("_target_", "_partial_")
MISSING = "???"
STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def check(cfg: DictConfig, command: str, trust: list[str]) -> list[Mistake]:
    """The configuration of ``command`` held against the signatures behind it; in the order of the configuration."""
    plain, broken = resolved(cfg)
    found = [*Walk(trust).root(plain, ROOTS[command]), *untrusted(plain, trust)]
    known = {mistake.where for mistake in broken}
    found = broken + [mistake for mistake in found if mistake.where not in known]
    return [m for m in found if m in broken or not is_borrowed(cfg, m.where)] or found


def resolved(cfg: DictConfig) -> tuple[dict[str, Any], list[Mistake]]:
    """The configuration as plain dicts, every ``${…}`` followed; those that lead nowhere are null, and mistakes."""
    cfg = cfg.copy()
    broken: list[Mistake] = []
    while True:
        try:
            plain: Any = OmegaConf.to_container(cfg, resolve=True)
            return plain, broken
        except OmegaConfBaseException as error:
            where = error.full_key or ""
            broken.append(Mistake("leads_nowhere", where, reason=str(error).splitlines()[0]))
            if not where or where in {mistake.where for mistake in broken[:-1]}:
                return {}, broken
            OmegaConf.update(cfg, where, None, force_add=True)


def is_borrowed(cfg: DictConfig, where: str) -> bool:
    """Whether the value is an interpolation (``${trainer.max_epochs}``): the mistake is then reported at its source."""
    node, key = beside(where, cfg)
    return has(node, key) and OmegaConf.is_interpolation(node, key)


class Walk:
    """Goes through a plain configuration and yields what does not fit."""

    def __init__(self, trust: list[str]) -> None:
        self.trust = trust

    def root(self, plain: dict[str, Any], known: dict[str, Any], prefix: str = "") -> Iterator[Mistake]:
        """Keys without a ``_target_`` above them: typed by the table of roots."""
        for key, value in plain.items():
            where = f"{prefix}{key}"
            if key not in known and NAMED in known and (value is None or isinstance(value, dict)):
                yield from self.node(where, value or {})
            elif key not in known:
                yield Mistake("unknown", where, value, tuple(known.keys() - {NAMED}))
            elif isinstance(known[key], dict) and isinstance(value, dict):
                yield from self.root(value, known[key], f"{where}.")
            else:
                yield from self.value(where, value, dict[str, Any] if isinstance(known[key], dict) else known[key])
                if known[key] == Node and isinstance(value, dict):
                    yield from self.node(where, value)
        for key in known.keys() - plain.keys() - {NAMED}:
            yield Mistake("missing_root", f"{prefix}{key}")

    def node(self, where: str, node: dict[str, Any]) -> Iterator[Mistake]:
        """A dict of the configuration: with a ``_target_``, or a collection of such."""
        if "_target_" in node:
            yield from self.target(where, node)
            return
        for key, value in node.items():
            if isinstance(value, dict):
                yield from self.node(f"{where}.{key}", value)
            elif value is not None:
                yield Mistake("homeless", f"{where}.{key}", value, tuple(node.keys() - {key}))

    def target(self, where: str, node: dict[str, Any]) -> Iterator[Mistake]:
        """A node against the signature of its target; one that is not trusted is reported apart."""
        target = node["_target_"]
        if not trusted(target, self.trust):
            return
        try:
            accepted = signature(target)
        except SyntaxError as error:
            yield Mistake("unparsed", f"{where}._target_", target, reason=error)
            return
        if accepted is None:
            yield Mistake("absent_target", f"{where}._target_", target)
        else:
            yield from self.arguments(where, node, accepted)

    def arguments(self, where: str, node: dict[str, Any], accepted: Signature) -> Iterator[Mistake]:
        """The keys of a node against the arguments of its target."""
        parameters = accepted.parameters
        known = (*accepted.settable, *(READING_DATA if where == "data" else ()))
        for key, value in node.items():
            place = f"{where}.{key}"
            if key == "_partial_":
                yield from self.value(place, value, bool)
            elif where == "data" and key in READING_DATA:
                yield from self.value(place, value, READING_DATA[key])
            elif key in parameters:
                yield from self.argument(place, value, parameters[key])
            elif key not in HYDRA_KEYS and not accepted.open:
                yield Mistake("unknown", place, value, known)
        for name, parameter in parameters.items():
            if parameter.required and name not in node:
                yield Mistake("missing", f"{where}.{name}")

    def argument(self, where: str, value: Any, parameter: Parameter) -> Iterator[Mistake]:
        """One value against its type; a ``_target_`` of its own is walked instead."""
        if parameter.injected:
            yield Mistake("injected_seed" if parameter.name == "seed" else "injected", where, value)
        elif isinstance(value, dict) and "_target_" in value and parameter.takes_target:
            yield from self.node(where, value)
        elif parameter.constructed:
            yield Mistake("not_a_value", where, value)
        else:
            yield from self.value(where, value, parameter.type)

    def value(self, where: str, value: Any, kind: Any) -> Iterator[Mistake]:
        """At most one: what the value is, and what it should be. Nothing is converted: '3' is no number.

        pydantic's strict JSON mode takes lists for tuples and nothing else on trust.
        """
        if value == MISSING:
            yield Mistake("not_given", where)
            return
        try:
            TypeAdapter(kind, config=STRICT).validate_json(json.dumps(value, default=str))
        except ValidationError as error:
            yield Mistake("wrong", where, value, reason=error)
