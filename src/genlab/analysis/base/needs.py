"""Whether a model can do what an analysis needs; if not, which models can, and which analyses take this one."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Protocol

from genlab.analysis.base.analysis import Analysis
from genlab.config.capabilities import models_with
from genlab.config.files import Conf
from genlab.contracts import ConfigError, Problem


def require_able(analysis: Analysis, model: Any, name: str) -> None:
    """Refuse a model that lacks a protocol of the analysis. ``name``: of the analysis.

    Raises:
        ConfigError: with the models that have it, and the analyses that take this one.
    """
    if not (lacking := sorted(m for m in members(analysis.needs) if not hasattr(model, m))):
        return
    what = f"{type(model).__name__} has no {', '.join(lacking)}"
    remedy = f"Models that have: {', '.join(able_models(analysis.needs)) or 'none'}"
    if fitting := [f"what={one}" for one in analyses_of(model)]:
        remedy += f"   It can: {' or '.join(fitting)}"
    raise ConfigError([Problem(f"what={name}", what, remedy)])


def members(protocols: Iterable[type]) -> set[str]:
    """The names of the methods and attributes of protocols."""
    bases = [base for one in protocols for base in one.__mro__ if base not in (object, Protocol)]
    names = {name for base in bases for name in (*vars(base), *vars(base).get("__annotations__", {}))}
    return {name for name in names if not name.startswith("_")}


def able_models(protocols: Iterable[type]) -> list[str]:
    """The files of ``conf/model`` whose classes have the members, as far as their source shows."""
    return models_with(members(protocols))


def analyses_of(model: Any) -> list[str]:
    """The files of ``conf/what`` that look at models and need nothing that this one lacks."""
    conf, found = Conf(), []
    for name in conf.options("what"):
        module, _, cls = str(conf.raw(f"what/{name}")["_target_"]).rpartition(".")
        analysis = getattr(importlib.import_module(module), cls)
        if analysis.looks_at != "nothing" and all(hasattr(model, one) for one in members(analysis.needs)):
            found.append(name)
    return found
