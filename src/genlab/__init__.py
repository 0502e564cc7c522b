"""genlab: a laboratory for autoencoders, VAEs and GANs. ``from genlab import load`` opens a run in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.runs.load import load

__version__ = "0.1.0"
__all__ = ["load"]


def __getattr__(name: str) -> Any:
    if name == "load":  # looked up on first use, so that importing genlab stays light
        from genlab.runs.load import load

        return load
    raise AttributeError(f"module 'genlab' has no attribute {name!r}")
