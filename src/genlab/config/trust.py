"""Which code a configuration, including that of a checkpoint, may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from genlab.config.mistakes import Mistake

ALWAYS = ("genlab", "torch.nn", "torch.optim", "lightning")


def trusted(target: Any, trust: Iterable[str]) -> bool:
    """Whether ``target`` belongs to genlab, torch.nn, torch.optim, lightning or a package in ``trust``."""
    return isinstance(target, str) and any(target.startswith(f"{package}.") for package in (*ALWAYS, *trust))


def untrusted(node: Any, trust: Iterable[str]) -> Iterator[Mistake]:
    """Every nested ``_target_`` that is not trusted."""
    allowed = list(trust)
    for place, target in targets(node):
        if not trusted(target, allowed):
            yield Mistake("untrusted", f"{place}._target_", target, (str(target).split(".")[0],))


def targets(node: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every ``_target_`` in a plain configuration, with the key of its node."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield where, node["_target_"]
        for key, value in node.items():
            yield from targets(value, f"{where}.{key}" if where else str(key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from targets(value, f"{where}[{i}]")
