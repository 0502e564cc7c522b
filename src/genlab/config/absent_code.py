"""Messages for a ``_target_`` that names no code: what is there instead, and which name is closest."""

from __future__ import annotations

import ast
import difflib

from genlab.config.definition import Module, module
from genlab.config.hints import Hints
from genlab.config.mistakes import Mistake
from genlab.config.searchpath import is_absent
from genlab.contracts import Problem


def absent_target(m: Mistake, hints: Hints) -> Problem:
    """A class or function that does not exist: no such package, no such file in it, or no such name in the file."""
    target = str(m.value)
    where, _, name = target.rpartition(".")
    home, package = found(where), target.partition(".")[0]
    if home is not None:
        names = defined(home)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        remedy = f"Did you mean {m.where}={where}.{near[0]} ?" if near else f"There are: {', '.join(names) or 'none'}"
        return Problem(m.where, f"{home.path} has no {name}", remedy)
    if is_absent(package):
        remedy = "A package of your own lies in the current folder, beside --config-dir, or is installed."
        return Problem(m.where, f"there is no {target}: no package {package} is found", remedy)
    return Problem(m.where, f"there is no {target}: {package} has no file of the name {where}", f"Type: {m.where}=…")


def found(name: str) -> Module | None:
    """The module, None if there is none that can be parsed."""
    try:
        return module(name) if name else None
    except SyntaxError:
        return None


def defined(home: Module) -> list[str]:
    """The names of the classes and functions of a module."""
    kinds = (ast.ClassDef, ast.FunctionDef)
    return [node.name for node in home.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
