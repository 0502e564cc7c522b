"""A mistake in the configuration as data; ``genlab.config.words`` turns it into a message once all are collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mistake:
    """One mistake in a key, override or file.

    Args:
        what: the kind of mistake, a key of ``FIXED`` or ``WORKED_OUT`` in ``genlab.config.words``.
        where: the key (``model.latent_dmi``), group, override as typed, or file.
        value: the value given.
        known: valid names.
        reason: the message or error of Hydra, pydantic, YAML or Python.
    """

    what: str
    where: str
    value: Any = None
    known: tuple[str, ...] = ()
    reason: Any = ""
