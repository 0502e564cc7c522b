"""What a ``_target_`` accepts, read from its source: no import of the code, so no torch.

A package is located but never imported; names are followed through re-exports and base classes by reading files.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

from genlab.config import foreign, types

MISSING = object()
NAMESPACE: dict[str, Any] = {
    **{name: getattr(types, name) for name in dir(types) if not name.startswith("_")},
    **{"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict, "tuple": tuple, "None": None},
    **{"Annotated": Annotated, "Literal": Literal, "Optional": Optional, "Union": Union, "Any": Any},
}


@dataclass(frozen=True)
class Parameter:
    """One argument: its type, where it could be read, and whether a value must be given.

    ``injected``: of a type that no configuration can write down (a data set's description, the parameters of an
    optimiser): the code hands it over, and a configuration may only fill it with a ``_target_`` of its own.
    """

    name: str
    type: Any = None
    required: bool = True
    injected: bool = False


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
    node, module = found
    if isinstance(node, ast.FunctionDef):
        return Signature(arguments(node, module, method=False), open=node.args.kwarg is not None)
    return class_signature(node, module)


def foreign_signature(target: str) -> Signature:
    """From the typed tables of other people's code."""
    table = foreign.TABLES[target]
    return Signature({name: Parameter(name, kind, required=False) for name, kind in table.items()})


# ---- finding the definition -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Module:
    """A source file, parsed."""

    name: str
    path: Path
    tree: ast.Module


@functools.cache
def module(name: str) -> Module | None:
    """Locate and parse ``name``; only the top-level package is looked up, nothing is imported."""
    top, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not (spec.submodule_search_locations or spec.origin):
        return None
    base = Path(next(iter(spec.submodule_search_locations or [str(spec.origin)])))
    path = base.joinpath(*rest)
    for file in (path / "__init__.py", path.with_suffix(".py"), path):
        if file.is_file() and file.suffix == ".py":
            return Module(name, file, ast.parse(file.read_text(encoding="utf-8")))
    return None


def find(target: str, depth: int = 0) -> tuple[ast.ClassDef | ast.FunctionDef, Module] | None:
    """The definition behind a dotted name, through ``from … import …`` where it is only passed on."""
    where, _, name = target.rpartition(".")
    home = module(where) if where else None
    if home is None or depth > 8:
        return None
    for node in home.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node, home
    for imported in ast.walk(home.tree):
        if isinstance(imported, ast.ImportFrom):
            for alias in imported.names:
                passed_on = name if alias.name == "*" else alias.name
                if alias.name == "*" or (alias.asname or alias.name) == name:
                    found = find(f"{absolute(imported, home)}.{passed_on}", depth + 1)
                    if found is not None:
                        return found
    return None


def absolute(node: ast.ImportFrom, home: Module) -> str:
    """The module that an import names, dots resolved."""
    if not node.level:
        return node.module or ""
    package = home.name if home.path.name == "__init__.py" else home.name.rpartition(".")[0]
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)


# ---- reading it -----------------------------------------------------------------------------------------------------


def class_signature(node: ast.ClassDef, home: Module) -> Signature:
    """The constructor's arguments, its own or inherited, and the literal class attributes of the class and its bases."""
    attributes: dict[str, Any] = {}
    constructor: ast.FunctionDef | None = None
    where = home
    for cls, owner in lineage(node, home):
        attributes = literal_attributes(cls) | attributes
        if constructor is None:
            constructor = next((f for f in cls.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
            where = owner
    if constructor is None:
        return Signature({}, attributes)
    return Signature(arguments(constructor, where, method=True), attributes, constructor.args.kwarg is not None)


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
    return Parameter(argument.arg, Any if kind is MISSING else kind, required, injected=kind is MISSING)


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
