"""A mistake as data: found where it shows, put into words by ``genlab.config.words`` once all are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one key, override or file.

    Args:
        what: names the sentence, a function of ``genlab.config.words``.
        where: the key (``model.latent_dmi``), or what stands in its place: a group, an override as typed, a file.
        value: what was given there.
        known: names that could stand there.
        reason: what Hydra, pydantic, YAML or Python said about it.
    """

    what: str
    where: str
    value: Any = None
    known: tuple[str, ...] = ()
    reason: Any = ""
