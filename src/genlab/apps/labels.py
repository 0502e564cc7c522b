"""Resolves ``label=`` for a trained model: classes by number or name, attributes by name."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig
from torch import Tensor

from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.models.base.labels import needs_labels

ALL = "all"
MANY = 12  # names in a message


def chosen_labels(given: Any, model: Any) -> Tensor | None:
    """The labels of ``label=``: [L] classes or [1, K] attributes; None if none were given.

    Raises:
        ConfigError: there are no such labels, or the model takes none.
    """
    if given is None:
        return None
    if not needs_labels(model):
        name = type(model).__name__
        raise refused(given, f"{name} takes no label: it was trained without", "Leave it out.")
    if model.spec.labels == "attributes":
        return torch.tensor([attributes(given, model.spec)])
    if given == ALL:
        return torch.arange(model.spec.classes)
    return torch.tensor([a_class(one, given, model.spec) for one in (given if is_list(given) else [given])])


def required(labels: Tensor | None, model: Any, what: str) -> Tensor | None:
    """Return ``labels``; refuse None if the model needs labels.

    Raises:
        ConfigError: the model needs labels, and none were given.
    """
    if labels is None and needs_labels(model):
        needed = "a class" if model.spec.classes else "attributes"
        raise ConfigError(
            [Problem(f"what={what}", f"{type(model).__name__} needs {needed} for it", ways_of(model.spec))]
        )
    return labels


def the_only(labels: Tensor | None, given: Any, what: str) -> Tensor | None:
    """Return ``labels``; refuse several, or any for ``reconstruct``.

    Raises:
        ConfigError: there are several, or the images have their own.
    """
    if labels is not None and what == "reconstruct":
        raise refused(given, "what=reconstruct gives each image its own label", "Leave it out.")
    if labels is not None and len(labels) > 1:
        raise refused(given, f"what={what} takes one label", "Type: label=0, or what=sample")
    return labels


def a_class(one: Any, given: Any, spec: DataSpec) -> int:
    """The number of a class.

    Raises:
        ConfigError: there is no class of that number or name.
    """
    if isinstance(one, str) and one in spec.class_names:
        return spec.class_names.index(one)
    if isinstance(one, int) and 0 <= one < spec.classes:
        return one
    if not isinstance(one, int | str):
        raise refused(given, f"{spec.name} has classes, which go by number or name", ways_of(spec))
    raise refused(given, f"there is no class {one}", nearest(str(one), spec.class_names) or ways_of(spec))


def attributes(given: Any, spec: DataSpec) -> list[float]:
    """A value per attribute: 1 if it is listed, or the value given for it; 0 for all others.

    Raises:
        ConfigError: there is no such attribute, or it has no such value.
    """
    if given == ALL or isinstance(given, int) or (is_list(given) and any(isinstance(one, int) for one in given)):
        raise refused(given, f"{spec.name} has attributes, which go by their names", ways_of(spec))
    named: dict[str, float] = (
        dict(given) if isinstance(given, DictConfig) else dict.fromkeys(given if is_list(given) else [given], 1)
    )
    for name, value in named.items():
        if name not in spec.attributes:
            raise refused(given, f"there is no attribute {name}", nearest(name, spec.attributes) or ways_of(spec))
        levels = spec.levels[spec.attributes.index(name)]
        if levels and not (isinstance(value, int) and 0 <= value < levels):
            raise refused(given, f"{name} has the values 0 … {levels - 1}", f"Type: 'label={{{name}: {levels - 1}}}'")
    return [named.get(name, 0) for name in spec.attributes]


def is_list(given: Any) -> bool:
    """Whether a list was typed."""
    return isinstance(given, ListConfig | list)


def nearest(name: str, names: tuple[str, ...]) -> str:
    """A suggestion of the closest name; empty if none is close, or a number was typed."""
    near = [] if name.removeprefix("-").isdigit() else difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def ways_of(spec: DataSpec) -> str:
    """A remedy that lists the valid values of ``label=``."""
    if spec.classes:
        named = [name for number, name in enumerate(spec.class_names) if name != str(number)]
        names = f". Names: {', '.join(named[:MANY])}{' …' if len(named) > MANY else ''}" if named else ""
        return f"Type: label=0 … label={spec.classes - 1}, label=[0,1], or label=all{names}"
    first = spec.attributes[0]
    more = " …" if len(spec.attributes) > MANY else ""
    return f"Type: label=[{first}] or 'label={{{first}: 1}}'. Attributes: {', '.join(spec.attributes[:MANY])}{more}"


def refused(given: Any, what: str, remedy: str) -> ConfigError:
    """The error for an invalid ``label=``."""
    typed = f"[{','.join(map(str, given))}]" if is_list(given) else str(given).replace("'", "")
    return ConfigError([Problem(f"label={typed}", what, remedy)])
