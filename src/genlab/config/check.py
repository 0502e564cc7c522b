"""Checks a composed configuration: every key, type and range, all mistakes at once, before torch is imported."""

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
    """The mistakes in the configuration of ``command``, by the signatures of its targets; in configuration order."""
    plain, broken = resolved(cfg)
    found = [*Walk(trust).root(plain, ROOTS[command]), *untrusted(plain, trust)]
    known = {mistake.where for mistake in broken}
    found = broken + [mistake for mistake in found if mistake.where not in known]
    return [m for m in found if m in broken or not is_borrowed(cfg, m.where)] or found


def resolved(cfg: DictConfig) -> tuple[dict[str, Any], list[Mistake]]:
    """The configuration as plain dicts with interpolations resolved; broken ones become null and a mistake each."""
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
    """Walks through a plain configuration and yields the mistakes."""

    def __init__(self, trust: list[str]) -> None:
        self.trust = trust

    def root(self, plain: dict[str, Any], known: dict[str, Any], prefix: str = "") -> Iterator[Mistake]:
        """Check keys outside of any ``_target_`` by the types in ``ROOTS``."""
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
        """Check a dict that has a ``_target_`` or is a collection of such dicts."""
        if "_target_" in node:
            yield from self.target(where, node)
            return
        for key, value in node.items():
            if isinstance(value, dict):
                yield from self.node(f"{where}.{key}", value)
            elif value is not None:
                yield Mistake("homeless", f"{where}.{key}", value, tuple(node.keys() - {key}))

    def target(self, where: str, node: dict[str, Any]) -> Iterator[Mistake]:
        """Check a node by the signature of its target; ``untrusted`` reports targets that are not trusted."""
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
        """Check the keys of a node by the arguments of its target."""
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
        """Check one value by its type, or recurse if it is a ``_target_`` node."""
        if parameter.injected:
            yield Mistake("injected_seed" if parameter.name == "seed" else "injected", where, value)
        elif isinstance(value, dict) and "_target_" in value and parameter.takes_target:
            yield from self.node(where, value)
        elif parameter.constructed:
            yield Mistake("not_a_value", where, value)
        else:
            yield from self.value(where, value, parameter.type)

    def value(self, where: str, value: Any, kind: Any) -> Iterator[Mistake]:
        """Yield at most one mistake. Values are not converted: '3' is not a number.

        pydantic's strict JSON mode accepts lists as tuples and converts nothing else.
        """
        if value == MISSING:
            yield Mistake("not_given", where)
            return
        try:
            TypeAdapter(kind, config=STRICT).validate_json(json.dumps(value, default=str))
        except ValidationError as error:
            yield Mistake("wrong", where, value, reason=error)
