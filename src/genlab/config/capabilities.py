"""What models can do, by the source of their classes: none is imported or built."""

from __future__ import annotations

import ast

from genlab.config.definition import find
from genlab.config.files import Conf
from genlab.config.session import compose_alone
from genlab.config.signature import lineage


def models_with(members: set[str]) -> list[str]:
    """The files of ``conf/model`` whose classes have these methods and attributes, as far as their source shows."""
    conf = Conf()
    nodes = compose_alone(conf, *(f"model/{name}" for name in conf.options("model")))
    return sorted(
        name.removeprefix("model/") for name, node in nodes.items() if members <= named_in(str(node.get("_target_")))
    )


def named_in(target: str) -> set[str]:
    """The methods and attributes of a class and of its bases; none of a class that is not found."""
    found = find(target)
    if found is None or not isinstance(found[0], ast.ClassDef):
        return set()
    nodes = [node for cls, _ in lineage(found[0], found[1]) for node in ast.walk(cls)]
    methods = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    stored = (node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return methods | {node.attr for node in stored if ast.unparse(node.value) == "self"}
