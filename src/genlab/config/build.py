"""Instantiates nodes of the configuration."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable
from typing import Any

import hydra.utils
from omegaconf import DictConfig, OmegaConf
from pydantic import TypeAdapter

from genlab.config.hints import Hints
from genlab.config.third_party import RANGES
from genlab.config.trust import targets, trusted, untrusted
from genlab.config.words import in_words
from genlab.contracts import ConfigError, Problem


def build(node: DictConfig, trust: Iterable[str], **injected: Any) -> Any:
    """Instantiate ``node`` recursively; ``injected`` are arguments that a configuration cannot express.

    Raises:
        ConfigError: it names code that is not trusted or cannot be imported.
    """
    plain: Any = OmegaConf.to_container(node, resolve=True)
    if problems := in_words(untrusted(plain, trust), Hints()):
        raise ConfigError(problems)
    for place, target in targets(plain, node._get_full_key(None)):
        if not trusted(target, ()):
            require_importable(target, f"{place}._target_")
    plain = exact(plain)
    if plain.get("_partial_"):
        return hydra.utils.instantiate(plain, _convert_="all")
    # partial, so that what is injected reaches the constructor as it is, and its errors reach us as they are
    return hydra.utils.instantiate(plain | {"_partial_": True}, _convert_="all")(**injected)


def exact(node: Any) -> Any:
    """A plain configuration in which the values that ``RANGES`` knows have its types: torch takes no 0 for 0.0 in betas."""
    if isinstance(node, list):
        return [exact(value) for value in node]
    if not isinstance(node, dict):
        return node
    ranges = RANGES.get(str(node.get("_target_")).rpartition(".")[0], {})
    return {k: TypeAdapter(ranges[k]).validate_python(v) if k in ranges else exact(v) for k, v in node.items()}


def require_importable(target: str, where: str) -> None:
    """Import the module of a user's class, which the configuration names at ``where``.

    Raises:
        ConfigError: the import fails; with the last line reached in that package.
    """
    module = target.rpartition(".")[0]
    try:
        importlib.import_module(module)
    except Exception as error:
        what = f"{target} cannot be imported ({type(error).__name__}: {error})"
        raise ConfigError([Problem(where, what, f"Look at {place_of(error, module)}.")]) from error


def place_of(error: Exception, module: str) -> str:
    """File and line of an import error: the deepest frame in the module's own package."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    own = [f for f in frames if f"/{module.split('.')[0]}" in f.filename.replace("\\", "/")]
    last = (own or frames)[-1]
    return f"{last.filename}, line {last.lineno}"
