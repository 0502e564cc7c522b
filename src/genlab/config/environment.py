"""Values that come from the environment, checked as those of the configuration are, and as early."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from genlab.config.mistakes import Mistake

WANDB_MODE = Literal["online", "offline", "disabled", "dryrun", "run"]  # the last two are W&B's old names


def from_environment(plain: dict[str, Any]) -> Iterator[Mistake]:
    """The mistakes in variables that the configuration makes use of: ``WANDB_MODE``, if W&B is one of its loggers."""
    mode = os.environ.get("WANDB_MODE", "")
    if mode and "wandb" in (plain.get("logger") or {}):
        try:
            TypeAdapter(WANDB_MODE).validate_python(mode)
        except ValidationError as error:
            yield Mistake("wrong", "WANDB_MODE", mode, reason=error)
