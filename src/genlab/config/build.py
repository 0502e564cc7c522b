"""From a node of the configuration to the object it names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import hydra.utils
from omegaconf import DictConfig, OmegaConf

from genlab.config.trust import targets, trusted
from genlab.contracts import ConfigError, Problem


def build(node: DictConfig, trust: Iterable[str], **injected: Any) -> Any:
    """Instantiate ``node`` and everything in it; ``injected`` are the arguments that no configuration can write down.

    Raises:
        ConfigError: it names code that is not trusted.
    """
    plain: Any = OmegaConf.to_container(node, resolve=True)
    strangers = [(where, target) for where, target in targets(plain) if not trusted(target, trust)]
    if strangers:
        raise ConfigError(
            [
                Problem(
                    f"{where}._target_",
                    f"{target} is code that is not trusted",
                    f"If you trust it: trust=[{str(target).split('.')[0]}]",
                )
                for where, target in strangers
            ]
        )
    if plain.get("_partial_"):
        return hydra.utils.instantiate(plain, _convert_="all")
    # partial, so that what is injected reaches the constructor as it is, and its errors reach us as they are
    return hydra.utils.instantiate(plain | {"_partial_": True}, _convert_="all")(**injected)
