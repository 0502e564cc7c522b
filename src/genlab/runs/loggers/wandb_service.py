"""W&B's service, the process of its own that writes and uploads: started where there may be no home directory, and stopped."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from genlab.console import note
from genlab.runs.writing import is_full, reason

PLACES = ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")  # what W&B keeps at home
LENGTH = 200  # characters of a reason on the screen


class Words:
    """Takes what W&B would print: ``log.txt`` gets all of it, ``warned`` the warnings and errors."""

    def __init__(self, warned: Callable[[str], None]) -> None:
        self.warned = warned

    def info(self, text: str) -> None:
        """A notice."""
        note(text)

    def warning(self, text: str) -> None:
        """A warning; on any thread."""
        note(text)
        self.warned(" ".join(text.split()).removeprefix("wandb: ").removeprefix("WARNING ").removeprefix("ERROR "))

    error = warning


def start_service(folder: Path, warned: Callable[[str], None]) -> Any:
    """Start the service if it does not run; gives W&B's settings (``wandb.Settings``).

    Args:
        folder: for W&B's own files if the user has no home directory to write to.
        warned: called with each of its warnings.
    """
    if not os.access(os.environ.get("HOME") or os.environ.get("USERPROFILE", ""), os.W_OK):
        for name in PLACES:
            os.environ.setdefault(name, str(folder))
    os.environ.setdefault("WANDB_SILENT", "true")
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it reports on W&B to W&B, and fails with it
    import wandb

    settings = wandb.setup().settings
    wandb.termsetup(settings, Words(warned))
    return settings


def stop_service() -> None:
    """Stop the service, dead or alive: it holds the ids of its runs, also of one that the server refused."""
    import wandb

    with suppress(Exception, SystemExit):  # a dead one raises, or exits with its own code; why is said already
        wandb.teardown()


def in_short(error: Exception) -> str:
    """An error of W&B's in one line."""
    if isinstance(error, ConnectionError):
        return "its service has died"
    if isinstance(error, OSError) and is_full(error):
        return reason(error)
    said = " ".join(str(error).split()) or type(error).__name__
    if "error 401" in said:
        return "the key is refused: wandb login --relogin"
    return said if len(said) <= LENGTH else said[:LENGTH] + "…"
