"""Finds the source of a class or function by its dotted name. Only parses files: nothing, so no torch, is imported."""

from __future__ import annotations

import ast
import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """A source file, parsed."""

    name: str
    path: Path
    tree: ast.Module


@functools.cache
def module(name: str) -> Module | None:
    """Locate and parse module ``name``; only its top-level package is looked up, nothing is imported.

    Raises:
        SyntaxError: the file is not valid Python; with file and line.
    """
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
            return Module(name, file, ast.parse(file.read_bytes(), str(file)))
    return None


def find(target: str, depth: int = 0) -> tuple[ast.ClassDef | ast.FunctionDef, Module] | None:
    """The definition of a dotted name, following re-exports (``from … import …``)."""
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
    """The absolute module name of an import."""
    if not node.level:
        return node.module or ""
    package = home.name if home.path.name == "__init__.py" else home.name.rpartition(".")[0]
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)
