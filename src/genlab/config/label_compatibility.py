"""Which data sets have the labels that a model needs, by class attributes read from the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.config.files import Conf
from genlab.config.kind_compatibility import attribute, kind_for
from genlab.config.mistakes import Mistake
from genlab.config.session import compose_alone


def model_finds_labels(plain: dict[str, Any]) -> Iterator[Mistake]:
    """The data set must support labels that the model needs, if its class declares ``labels``."""
    possible = attribute(plain.get("data") or {}, "labels")
    if possible is not None:
        yield from lacking(plain, possible)


def lacking(plain: dict[str, Any], found: tuple[str, ...]) -> Iterator[Mistake]:
    """Yield a mistake if the model needs labels of which none is in ``found``."""
    model, data, chosen = plain.get("model") or {}, plain.get("data") or {}, plain.get("choices", {})
    needs = attribute(model, "needs") or ()
    if not needs or set(needs) & set(found):
        return
    needed, there = " or ".join(needs), " or ".join(found) or "no labels"
    what = f"model={chosen.get('model')} needs {needed}, but data={chosen.get('data')} has {there}"
    yield Mistake("unfit_labels", "data", {"model": model, "data": data}, reason=what)


def relabelled(model: dict[str, Any], data: dict[str, Any]) -> str:
    """The remedy that gives the set the labels the model needs; empty if it cannot have them."""
    possible = set(attribute(model, "needs")) & set(attribute(data, "labels") or ())
    return str(attribute(data, "relabel")) if possible else ""


def labelled(model: dict[str, Any], conf: Conf) -> list[str]:
    """The data sets whose batches the model takes and that can have the labels it needs."""
    nodes = compose_alone(conf, *(f"data/{name}" for name in conf.options("data")))
    return [name.replace("/", "=") for name, node in nodes.items() if fits(node, model)]


def fits(data: dict[str, Any], model: dict[str, Any]) -> bool:
    """Whether the model takes the set's batches, and the set can have the labels it needs."""
    labels = set(attribute(data, "labels") or ())
    return kind_for(model, data) is not None and bool(labels & set(attribute(model, "needs") or ()))
