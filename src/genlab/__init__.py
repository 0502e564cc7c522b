"""genlab: a laboratory for autoencoders, VAEs and GANs. ``from genlab import load`` opens a run in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.apps.notebook.command import command
    from genlab.apps.notebook.data import load_data
    from genlab.images import sheet
    from genlab.runs.load import load

__version__ = "0.1.0"
__all__ = ["command", "load", "load_data", "sheet"]
HOMES = {
    "command": "genlab.apps.notebook.command",
    "load": "genlab.runs.load",
    "load_data": "genlab.apps.notebook.data",
    "sheet": "genlab.images",
}


def __getattr__(name: str) -> Any:
    if name in HOMES:  # looked up on first use, so that importing genlab stays light
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'genlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    """With what is looked up on first use, for completion in a notebook."""
    return sorted({*globals(), *HOMES})
