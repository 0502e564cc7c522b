"""The check between composing and anything heavy: every key, type and range, all problems at once, without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from genlab.config.files import options
from genlab.config.messages import MUST_BE_GIVEN, Hints, as_json, not_a_value, typed, unknown, wrong
from genlab.config.root_schema import ROOTS, Node
from genlab.config.rules import crossed
from genlab.config.signature import Parameter, Signature, signature
from genlab.config.trust import strangers, trusted
from genlab.contracts import ConfigError, Problem

HYDRA_KEYS = ("_target_", "_partial_")
MISSING = "???"
STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def check(cfg: DictConfig, command: str) -> None:
    """Hold the configuration of ``command`` against the signatures behind it.

    Raises:
        ConfigError: with every problem found.
    """
    problems = problems_in(cfg, command)
    if problems:
        raise ConfigError(problems)


def problems_in(cfg: DictConfig, command: str, hints: Hints | None = None, across: bool = True) -> list[Problem]:
    """Every problem, in the order of the configuration; of combinations only ``across`` one in which all else is right."""
    hints = hints or Hints()
    plain, broken = resolved(cfg)
    listed = plain.get("trust")
    trust = [str(package) for package in listed] if isinstance(listed, list) else []
    found = [*Walk(trust, hints).root(plain, ROOTS[command]), *strangers(plain, trust)]
    told = {problem.where for problem in broken}
    found = broken + [problem for problem in found if problem.where.partition("=")[0] not in told]
    own = [problem for problem in found if problem in broken or not is_borrowed(cfg, problem.where.partition("=")[0])]
    return own or found or (list(crossed(plain, hints.conf)) if across else [])


def resolved(cfg: DictConfig) -> tuple[dict[str, Any], list[Problem]]:
    """The configuration as plain dicts, every ``${…}`` followed; those that lead nowhere are null, and told."""
    cfg = cfg.copy()
    broken: list[Problem] = []
    while True:
        try:
            plain: Any = OmegaConf.to_container(cfg, resolve=True)
            return plain, broken
        except OmegaConfBaseException as error:
            where = error.full_key or ""
            if not where or any(problem.where == where for problem in broken):
                return {}, [*broken, Problem(where or "configuration", str(error).splitlines()[0])]
            broken.append(Problem(where, str(error).splitlines()[0], f"Type: {where}=…"))
            OmegaConf.update(cfg, where, None, force_add=True)


def is_borrowed(cfg: DictConfig, where: str) -> bool:
    """Whether the value at ``where`` is another key's (``${trainer.max_epochs}``): the mistake is told there, once."""
    parent, _, key = where.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    return OmegaConf.is_dict(node) and key in set(node.keys()) and OmegaConf.is_interpolation(node, key)


class Walk:
    """Goes through a plain configuration and yields what does not fit."""

    def __init__(self, trust: list[str], hints: Hints) -> None:
        self.trust, self.hints = trust, hints

    def root(self, plain: dict[str, Any], known: dict[str, Any], prefix: str = "") -> Iterator[Problem]:
        """Keys without a ``_target_`` above them: typed by the table of roots."""
        for key, value in plain.items():
            where = f"{prefix}{key}"
            if key not in known:
                yield unknown(where, value, known, self.hints)
            elif isinstance(known[key], dict) and isinstance(value, dict):
                yield from self.root(value, known[key], f"{where}.")
            else:
                yield from self.value(where, value, dict[str, Any] if isinstance(known[key], dict) else known[key])
                if known[key] == Node and isinstance(value, dict):
                    yield from self.node(where, value)
        for key in known.keys() - plain.keys():
            names = options(prefix + key, self.hints.conf)
            yield Problem(prefix + key, "is missing", f"Type: {prefix}{key}={'|'.join(names) or '…'}")

    def node(self, where: str, node: dict[str, Any]) -> Iterator[Problem]:
        """A dict of the configuration: with a ``_target_``, or a collection of such."""
        if "_target_" not in node:
            for key, value in node.items():
                if isinstance(value, dict):
                    yield from self.node(f"{where}.{key}", value)
                elif value is not None:
                    what = "belongs to nothing: there is no _target_ beside it"
                    yield unknown(f"{where}.{key}", value, node.keys() - {key}, self.hints, what)
            return
        target = node["_target_"]
        if not trusted(target, self.trust):
            return  # told by strangers()
        accepted = signature(target)
        if accepted is None:
            yield Problem(f"{where}._target_", f"there is no {target}", "Look at the file in conf/ that names it.")
            return
        yield from self.arguments(where, node, accepted)

    def arguments(self, where: str, node: dict[str, Any], accepted: Signature) -> Iterator[Problem]:
        """The keys of a node against the arguments of its target."""
        parameters = accepted.parameters
        for key, value in node.items():
            place = f"{where}.{key}"
            if key == "_partial_":
                yield from self.value(place, value, bool)
            elif key in parameters:
                yield from self.argument(place, value, parameters[key])
            elif key not in HYDRA_KEYS and not accepted.open:
                yield unknown(place, value, settable(accepted), self.hints)
        for name, parameter in parameters.items():
            if parameter.needed and name not in node:
                yield Problem(f"{where}.{name}", "is missing", f"Type: +{where}.{name}=…")

    def argument(self, where: str, value: Any, parameter: Parameter) -> Iterator[Problem]:
        """One value against its type; a ``_target_`` of its own is walked instead."""
        if parameter.supplied:
            remedy = f"Type: seed={typed(value)}" if parameter.name == "seed" else "Leave it out."
            yield Problem(where, "is not for a configuration: the code supplies it", remedy)
        elif isinstance(value, dict) and "_target_" in value:
            yield from self.node(where, value)
        elif parameter.made:
            yield not_a_value(where, value, self.hints)
        else:
            yield from self.value(where, value, parameter.type)

    def value(self, where: str, value: Any, kind: Any) -> Iterator[Problem]:
        """At most one problem: what the value is, and what it should be. Nothing is converted: '3' is no number."""
        if value == MISSING:
            yield Problem(where, MUST_BE_GIVEN, f"Type: {where}=…")
            return
        try:
            TypeAdapter(kind, config=STRICT).validate_json(as_json(value))
        except ValidationError as error:
            yield wrong(where, value, error, self.hints)


def settable(accepted: Signature) -> list[str]:
    """The arguments that a configuration may give."""
    return [name for name, parameter in accepted.parameters.items() if not parameter.supplied]
