"""Which code a configuration may name. A checkpoint's configuration obeys the same list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from genlab.config.mistakes import Mistake

ALWAYS = ("genlab", "torch.nn", "torch.optim", "lightning")


def trusted(target: Any, trust: Iterable[str]) -> bool:
    """Whether ``target`` lies in genlab, torch.nn, torch.optim, lightning, or a package that the user listed."""
    return isinstance(target, str) and any(target.startswith(f"{package}.") for package in (*ALWAYS, *trust))


def untrusted(node: Any, trust: Iterable[str]) -> Iterator[Mistake]:
    """Every ``_target_``, however deep, that is not trusted."""
    allowed = list(trust)
    for place, target in targets(node):
        if not trusted(target, allowed):
            yield Mistake("untrusted", f"{place}._target_", target, (str(target).split(".")[0],))


def targets(node: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every ``_target_`` in a plain configuration, with its place."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield where, node["_target_"]
        for key, value in node.items():
            yield from targets(value, f"{where}.{key}" if where else str(key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from targets(value, f"{where}[{i}]")
