"""Resolves ``device=`` of every command, and ``trainer.accelerator``, to a torch device."""

from __future__ import annotations

import torch

from genlab.contracts import ConfigError, Problem

KINDS = {"gpu": ("cuda", "mps"), "auto": ("cuda", "mps", "cpu")}  # the first that is there


def device_for(name: str, key: str = "device") -> torch.device:
    """The device of that name; ``auto``: a GPU if there is one.

    Raises:
        ConfigError: no such device is available.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    found = next((kind for kind in KINDS.get(name, (name,)) if there.get(kind)), None)
    if found is None:
        fitting = " or ".join(f"{key}={kind}" for kind, is_there in there.items() if is_there)
        raise ConfigError([Problem(f"{key}={name}", "there is none here", f"Type: {fitting}")])
    return torch.device(found)
