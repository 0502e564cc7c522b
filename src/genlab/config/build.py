"""From a node of the configuration to the object it names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import hydra.utils
from omegaconf import DictConfig, OmegaConf

from genlab.config.trust import strangers
from genlab.contracts import ConfigError


def build(node: DictConfig, trust: Iterable[str], **injected: Any) -> Any:
    """Instantiate ``node`` and everything in it; ``injected`` are the arguments that no configuration can write down.

    Raises:
        ConfigError: it names code that is not trusted.
    """
    plain: Any = OmegaConf.to_container(node, resolve=True)
    problems = list(strangers(plain, trust))
    if problems:
        raise ConfigError(problems)
    if plain.get("_partial_"):
        return hydra.utils.instantiate(plain, _convert_="all")
    # partial, so that what is injected reaches the constructor as it is, and its errors reach us as they are
    return hydra.utils.instantiate(plain | {"_partial_": True}, _convert_="all")(**injected)
