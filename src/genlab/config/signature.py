"""Signatures of ``_target_`` classes and functions, parsed from their source without importing it, so without torch.

Packages are located but not imported; re-exports and base classes are followed by parsing files.
"""

from __future__ import annotations

import ast
import functools
import operator
from dataclasses import dataclass, field, replace
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Optional, Union, get_args, get_origin

from genlab.config import third_party, types
from genlab.config.definition import Module, absolute, find, module

UNREADABLE = object()


class Constructed:
    """Placeholder in a type for objects that only a ``_target_`` can create: a network, an optimiser, a schedule."""


INJECTED = ("spec", "seed", "params")  # what the code hands to models, nets and optimisers
NAMESPACE: dict[str, Any] = {
    **{name: getattr(types, name) for name in dir(types) if not name.startswith("_")},
    **{"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict, "tuple": tuple, "None": None},
    **{"Annotated": Annotated, "Literal": Literal, "Optional": Optional, "Union": Union, "Any": Any},
}


@dataclass(frozen=True)
class Parameter:
    """One argument: its type, and whether it has a default.

    ``typed``: the annotation could be read; otherwise it names something that only code can create. ``or_constructed``:
    both are allowed, e.g. a number or a schedule. ``ours``: the argument belongs to genlab's code.
    """

    name: str
    type: Any = Any
    has_default: bool = False
    typed: bool = True
    ours: bool = False
    or_constructed: bool = False

    @property
    def injected(self) -> bool:
        """Whether the code passes it, so that a configuration must not set it."""
        return self.name in INJECTED and (self.ours or not self.typed)

    @property
    def constructed(self) -> bool:
        """Whether only a ``_target_`` is allowed (a network, an optimiser); never so for third-party code."""
        return self.ours and not self.typed and not self.injected

    @property
    def takes_target(self) -> bool:
        """Whether a ``_target_`` is allowed: everywhere except for plain values of our own code."""
        return not (self.ours and self.typed) or self.or_constructed or self.type is Any

    @property
    def required(self) -> bool:
        """Whether a configuration must set it."""
        return not self.has_default and (self.typed or self.ours) and self.name not in INJECTED


@dataclass(frozen=True)
class Signature:
    """The arguments of a class or function, and the literal attributes of the class (``takes``, ``kind``)."""

    parameters: dict[str, Parameter]
    attributes: dict[str, Any] = field(default_factory=dict)
    open: bool = False  # takes **kwargs

    @property
    def settable(self) -> tuple[str, ...]:
        """The arguments that a configuration may set."""
        return tuple(name for name, parameter in self.parameters.items() if not parameter.injected)


@functools.cache
def signature(target: str) -> Signature | None:
    """The signature of ``target`` (``package.module.Name``); None if it does not exist."""
    if target in third_party.TABLES:
        return table_signature(target)
    found = find(target)
    if found is None:
        return None
    node, home = found
    if isinstance(node, ast.FunctionDef):
        return Signature(arguments(node, home, method=False), open=node.args.kwarg is not None)
    return narrowed(target, class_signature(node, home))


def table_signature(target: str) -> Signature:
    """The signature of third-party code from its typed table."""
    table, required = third_party.TABLES[target], third_party.REQUIRED.get(target, ())
    return Signature({name: Parameter(name, kind, name not in required) for name, kind in table.items()})


def narrowed(target: str, found: Signature) -> Signature:
    """``found`` with the ranges shared by all classes of a package: ``lr`` is positive for all torch optimisers."""
    ranges = third_party.RANGES.get(target.rpartition(".")[0], {})
    known = {n: replace(p, type=ranges[n]) for n, p in found.parameters.items() if n in ranges}
    return replace(found, parameters=found.parameters | known)


# ---- reading it -----------------------------------------------------------------------------------------------------


def class_signature(node: ast.ClassDef, home: Module) -> Signature:
    """The arguments of the constructor (own or inherited), and the literal attributes of the class and its bases."""
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
    """Whether it is the real ``__init__``, not an overload."""
    return node.name == "__init__" and "overload" not in decorators(node)


def decorators(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    """The unqualified names of the decorators: ``@dataclasses.dataclass(frozen=True)`` -> ``dataclass``."""
    return {ast.unparse(item).split("(")[0].rpartition(".")[2] for item in node.decorator_list}


def fields(line: list[tuple[ast.ClassDef, Module]]) -> dict[str, Parameter]:
    """The fields of a dataclass, inherited ones first."""
    found = {}
    for cls, home in reversed(line):
        for item in cls.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                text = ast.unparse(item.annotation)
                if not text.startswith(("ClassVar", "typing.ClassVar")):
                    argument = ast.arg(item.target.id, item.annotation)
                    found[argument.arg] = parameter(argument, home, item.value is not None)
    return found


def lineage(node: ast.ClassDef, home: Module) -> list[tuple[ast.ClassDef, Module]]:
    """The class, its first base, the first base of that, and so on, as far as they can be found."""
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
    """Annotated class attributes whose values are literals."""
    found = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
            try:
                found[item.target.id] = ast.literal_eval(item.value)
            except ValueError:
                continue  # computed: not for a check to read
    return found


def arguments(node: ast.FunctionDef, home: Module, method: bool) -> dict[str, Parameter]:
    """The named arguments of a function, with types as far as they can be read without imports."""
    positional = [*node.args.posonlyargs, *node.args.args][1 if method else 0 :]
    free = len(positional) - len(node.args.defaults)
    found = {}
    for i, argument in enumerate(positional):
        found[argument.arg] = parameter(argument, home, i >= free)
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        found[argument.arg] = parameter(argument, home, default is not None)
    return found


def parameter(argument: ast.arg, home: Module, has_default: bool) -> Parameter:
    """One argument."""
    kind = annotation(argument.annotation, home) if argument.annotation else Any
    typed = kind is not UNREADABLE
    or_constructed = typed and Constructed in members(kind)
    plain = [member for member in members(kind) if member is not Constructed]
    value = functools.reduce(operator.or_, plain) if or_constructed else kind
    return Parameter(argument.arg, value if typed else Any, has_default, typed, is_ours(home), or_constructed)


def annotation(node: ast.expr, home: Module) -> Any:
    """The type of an annotation, or UNREADABLE if it names something that only code can create.

    In our own code a union may have both (``float | WeightSchedule``); the latter then becomes ``Constructed``.
    """
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    names = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
    local = {name: alias_of(name, home) for name in names - NAMESPACE.keys()}
    known = {
        name: Constructed if alias is UNREADABLE else alias
        for name, alias in local.items()
        if alias is not UNREADABLE or is_ours(home)
    }
    try:
        kind = eval(text, {"__builtins__": {}}, {**NAMESPACE, **known})  # noqa: S307 - our own source
    except (NameError, TypeError, AttributeError):
        return UNREADABLE
    return kind if is_readable(kind) else UNREADABLE


def is_ours(home: Module) -> bool:
    """Whether a module belongs to genlab."""
    return home.name.startswith("genlab.")


def members(kind: Any) -> tuple[Any, ...]:
    """The members of a union; any other type as a single member."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def is_readable(kind: Any) -> bool:
    """Whether values can be checked by the type: ``Constructed`` may only be a union member beside a plain type."""
    plain = [member for member in members(kind) if member is not Constructed]
    return any(member is not NoneType or Constructed not in members(kind) for member in plain) and not any(
        map(holds_constructed, plain)
    )


def holds_constructed(kind: Any) -> bool:
    """Whether a type argument is ``Constructed``, as in ``list[Module]``."""
    return any(inner is Constructed or holds_constructed(inner) for inner in get_args(kind))


def alias_of(name: str, home: Module, depth: int = 0) -> Any:
    """A type alias (``Likelihood = Literal["bernoulli", "gaussian"]``), defined in the module or imported into it."""
    for node in home.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return annotation(node.value, home)
        if isinstance(node, ast.ImportFrom) and depth < 4 and any((a.asname or a.name) == name for a in node.names):
            source = module(absolute(node, home))
            original = next(a.name for a in node.names if (a.asname or a.name) == name)
            return alias_of(original, source, depth + 1) if source else UNREADABLE
    return UNREADABLE
