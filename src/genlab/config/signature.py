"""What a ``_target_`` accepts, read from its source: no import of the code, so no torch.

A package is located but never imported; names are followed through re-exports and base classes by reading files.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Optional, Union

from genlab.config import third_party as foreign
from genlab.config import types
from genlab.config.definition import Module, absolute, find, module

MISSING = object()
SUPPLIED = ("spec", "seed", "params")  # what the code hands to models, nets and optimisers
NAMESPACE: dict[str, Any] = {
    **{name: getattr(types, name) for name in dir(types) if not name.startswith("_")},
    **{"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict, "tuple": tuple, "None": None},
    **{"Annotated": Annotated, "Literal": Literal, "Optional": Optional, "Union": Union, "Any": Any},
}


@dataclass(frozen=True)
class Parameter:
    """One argument: its type, and whether it has no default.

    ``told``: whether the type could be read; otherwise it is one that only code can make. ``ours``: of our own code.
    """

    name: str
    type: Any = Any
    required: bool = True
    told: bool = True
    ours: bool = False

    @property
    def supplied(self) -> bool:
        """Whether the code hands it over, so that a configuration must leave it alone."""
        return self.name in SUPPLIED and (self.ours or not self.told)

    @property
    def made(self) -> bool:
        """Whether only a ``_target_`` can fill it: a network, an optimiser. In other people's code anything may."""
        return self.ours and not self.told and not self.supplied

    @property
    def needed(self) -> bool:
        """Whether a configuration must give it."""
        return self.required and (self.told or self.ours) and self.name not in SUPPLIED


@dataclass(frozen=True)
class Signature:
    """The arguments of a class or function, and the literal attributes of the class (``takes``, ``kind``)."""

    parameters: dict[str, Parameter]
    attributes: dict[str, Any] = field(default_factory=dict)
    open: bool = False  # takes **kwargs


@functools.cache
def signature(target: str) -> Signature | None:
    """What ``target`` (``package.module.Name``) accepts; None where there is no such thing."""
    if target in foreign.TABLES:
        return foreign_signature(target)
    found = find(target)
    if found is None:
        return None
    node, home = found
    if isinstance(node, ast.FunctionDef):
        return Signature(arguments(node, home, method=False), open=node.args.kwarg is not None)
    return narrowed(target, class_signature(node, home))


def foreign_signature(target: str) -> Signature:
    """From the typed tables of other people's code."""
    table, needed = foreign.TABLES[target], foreign.NEEDED.get(target, ())
    return Signature({name: Parameter(name, kind, required=name in needed) for name, kind in table.items()})


def narrowed(target: str, found: Signature) -> Signature:
    """With the ranges that every class of a package shares: ``lr`` is positive for all of torch's optimisers."""
    ranges = foreign.RANGES.get(target.rpartition(".")[0], {})
    known = {n: replace(p, type=ranges[n]) for n, p in found.parameters.items() if n in ranges}
    return replace(found, parameters=found.parameters | known)


# ---- reading it -----------------------------------------------------------------------------------------------------


def class_signature(node: ast.ClassDef, home: Module) -> Signature:
    """The constructor's arguments, its own or inherited, and the literal class attributes of the class and its bases."""
    line = lineage(node, home)
    attributes: dict[str, Any] = {}
    for cls, _ in reversed(line):
        attributes |= literal_attributes(cls)
    for cls, owner in line:
        made = next((f for f in cls.body if isinstance(f, ast.FunctionDef) and is_constructor(f)), None)
        if made is not None:
            return Signature(arguments(made, owner, method=True), attributes, made.args.kwarg is not None)
        if "dataclass" in decorators(cls):
            return Signature(fields(line), attributes)
    return Signature({}, attributes)


def is_constructor(node: ast.FunctionDef) -> bool:
    """Whether it is the ``__init__`` that runs, not one of its typed overloads."""
    return node.name == "__init__" and "overload" not in decorators(node)


def decorators(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    """The plain names of a definition's decorators: ``@dataclasses.dataclass(frozen=True)`` -> ``dataclass``."""
    return {ast.unparse(item).split("(")[0].rpartition(".")[2] for item in node.decorator_list}


def fields(line: list[tuple[ast.ClassDef, Module]]) -> dict[str, Parameter]:
    """The fields of a dataclass, those of its bases first."""
    found = {}
    for cls, home in reversed(line):
        for item in cls.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                text = ast.unparse(item.annotation)
                if not text.startswith(("ClassVar", "typing.ClassVar")):
                    argument = ast.arg(item.target.id, item.annotation)
                    found[argument.arg] = parameter(argument, home, required=item.value is None)
    return found


def lineage(node: ast.ClassDef, home: Module) -> list[tuple[ast.ClassDef, Module]]:
    """The class and its first bases, as far as they can be read."""
    line = [(node, home)]
    while line[-1][0].bases and len(line) < 8:
        cls, owner = line[-1]
        name = ast.unparse(cls.bases[0]).split("[")[0]
        base = find(f"{owner.name}.{name}") if "." not in name else None
        if base is None or not isinstance(base[0], ast.ClassDef):
            break
        line.append((base[0], base[1]))
    return line


def literal_attributes(node: ast.ClassDef) -> dict[str, Any]:
    """Class attributes whose values are written out."""
    found = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
            try:
                found[item.target.id] = ast.literal_eval(item.value)
            except ValueError:
                continue  # computed: not for a check to read
    return found


def arguments(node: ast.FunctionDef, home: Module, method: bool) -> dict[str, Parameter]:
    """The named arguments of a function, with their types as far as they can be told without importing anything."""
    positional = [*node.args.posonlyargs, *node.args.args][1 if method else 0 :]
    free = len(positional) - len(node.args.defaults)
    found = {}
    for i, argument in enumerate(positional):
        found[argument.arg] = parameter(argument, home, required=i < free)
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        found[argument.arg] = parameter(argument, home, required=default is None)
    return found


def parameter(argument: ast.arg, home: Module, required: bool) -> Parameter:
    """One argument."""
    kind = annotation(argument.annotation, home) if argument.annotation else Any
    told = kind is not MISSING
    return Parameter(argument.arg, kind if told else Any, required, told, home.name.startswith("genlab."))


def annotation(node: ast.expr, home: Module) -> Any:
    """The type that an annotation stands for, or MISSING where it names something only code can make."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    names = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
    local = {name: alias for name in names - NAMESPACE.keys() if (alias := alias_of(name, home)) is not MISSING}
    try:
        return eval(text, {"__builtins__": {}}, {**NAMESPACE, **local})  # noqa: S307 - our own source
    except (NameError, TypeError, AttributeError):
        return MISSING


def alias_of(name: str, home: Module, depth: int = 0) -> Any:
    """A type given a name in a module (``Likelihood = Literal["bernoulli", "gaussian"]``), here or where it came from."""
    for node in home.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return annotation(node.value, home)
        if isinstance(node, ast.ImportFrom) and depth < 4 and any((a.asname or a.name) == name for a in node.names):
            source = module(absolute(node, home))
            original = next(a.name for a in node.names if (a.asname or a.name) == name)
            return alias_of(original, source, depth + 1) if source else MISSING
    return MISSING
