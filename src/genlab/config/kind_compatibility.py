"""Which models take which data sets, by the kinds of batches that their classes declare, read from the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from genlab.config.files import Conf
from genlab.config.mistakes import Mistake
from genlab.config.session import compose_alone
from genlab.config.signature import signature
from genlab.contracts import Kind


def model_takes_data(plain: dict[str, Any]) -> Iterator[Mistake]:
    """The model, and every part of it, must take the kind of batches that the data set makes."""
    model, data, chosen = plain.get("model"), plain.get("data"), plain.get("choices", {})
    kind = attribute(data, "kind") if data else None
    if not model or not data or kind is None or kind_for(model, data) is not None:
        return
    takes = kinds_taken(model)
    what = f"model={chosen.get('model')} takes {' or '.join(takes) or 'nothing'}{culprit(model, kind)}"
    yield Mistake("unfit_kind", "data", kind, takes, f"{what}, but data={chosen.get('data')} has {kind}")


def kind_for(model: dict[str, Any], data: dict[str, Any]) -> Kind | None:
    """The kind of batches in which the model takes the set: its own kind if possible, else an alternative, else None."""
    takes = kinds_taken(model)
    return next((kind for kind in kinds_made(data) if kind in takes), None)


def kinds_made(data: dict[str, Any]) -> tuple[Kind, ...]:
    """The kinds of batches that a set can make, its own first; empty if its class does not declare any."""
    kind = attribute(data, "kind")
    return () if kind is None else (kind, *(attribute(data, "also") or ()))


def fitting(kind: Kind, takes: tuple[str, ...], conf: Conf) -> dict[str, list[str]]:
    """The sets that make a kind in ``takes``, and the models that take ``kind``."""
    nodes = compose_alone(conf, *(f"{group}/{name}" for group in ("data", "model") for name in conf.options(group)))
    sets = [name for name, node in nodes.items() if set(kinds_made(node)) & set(takes)]
    models = [name for name, node in nodes.items() if kind in kinds_taken(node, ())]
    titles = {"Fitting sets": sets, "Fitting models": models}
    return {title: [name.replace("/", "=") for name in names] for title, names in titles.items()}


def kinds_taken(node: dict[str, Any], unknown: tuple[Kind, ...] = get_args(Kind)) -> tuple[Kind, ...]:
    """The kinds that a model and all its parts take; ``unknown`` if its class does not declare any."""
    takes = attribute(node, "takes") or unknown
    refusing = [found for _, part in parts(node) if (found := attribute(part, "takes")) is not None]
    return tuple(kind for kind in takes if all(kind in found for found in refusing))


def culprit(model: dict[str, Any], kind: Kind) -> str:
    """The parts that refuse a kind, in brackets; empty if the model itself refuses it."""
    if kind not in (attribute(model, "takes") or ()):
        return ""
    refusing = [
        f"model.{key} is {part['_target_'].rpartition('.')[2]}"
        for key, part in parts(model)
        if kind not in (attribute(part, "takes") or (kind,))
    ]
    return f" ({', '.join(refusing)})"


def parts(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The direct children of a node that have a ``_target_``, with their keys."""
    return ((key, value) for key, value in node.items() if isinstance(value, dict) and "_target_" in value)


def attribute(node: dict[str, Any], name: str) -> Any:
    """A literal class attribute of the node's target; None if there is no such attribute or no target."""
    found = signature(node["_target_"]) if "_target_" in node else None
    return found.attributes.get(name) if found else None
