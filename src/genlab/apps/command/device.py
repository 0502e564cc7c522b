"""Resolves ``device=`` of every command, and ``trainer.accelerator`` with its devices, to what this machine has."""

from __future__ import annotations

from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from genlab.config.precisions import unfit_precision
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


def trainer_device(trainer: DictConfig) -> torch.device:
    """The kind of device that ``trainer.accelerator`` selects, once this machine has all that ``trainer.devices`` names.

    Raises:
        ConfigError: there is no such accelerator, or not so many of it, or it does not have ``trainer.precision``.
    """
    device = device_for(trainer.accelerator, "trainer.accelerator")
    if problem := unfit_precision(trainer.precision, device.type):
        raise ConfigError([problem])
    there = torch.cuda.device_count() if device.type == "cuda" else 1
    devices = OmegaConf.to_container(trainer.devices) if OmegaConf.is_list(trainer.devices) else trainer.devices
    require_devices(device.type, devices, there)
    return device


def require_devices(kind: str, devices: Any, there: int) -> None:
    """Refuse devices that a machine with ``there`` of this kind does not have; a CPU takes any number of processes.

    Args:
        devices: as in ``trainer.devices``: how many, ``auto``, -1, or which: ``[0,1]``, ``"0,1"``.

    Raises:
        ConfigError: with what can be typed.
    """
    where, remedy = f"trainer.devices={typed(devices)}", f"Type: trainer.devices={there}"
    which = numbers(devices)
    if kind == "cpu":
        if which is not None or devices in (-1, "-1"):
            what = "processes on a CPU are counted, and have no numbers"
            raise ConfigError([Problem(where, what, f"Type: trainer.devices={len(which or [0])}")])
        return
    if which is not None and (not which or len(set(which)) < len(which) or max(which) >= there):
        what = f"the {kind} devices here are {', '.join(map(str, range(there)))}, each named once"
        raise ConfigError([Problem(where, what, f"Type: trainer.devices=[{','.join(map(str, range(there)))}]")])
    if which is None and devices not in ("auto", "-1") and int(devices) > there:
        raise ConfigError([Problem(where, f"this machine has {there} of {kind}", remedy)])


def numbers(devices: Any) -> list[int] | None:
    """Which devices are named; None if they are only counted. A single number is a count, also in quotes."""
    if isinstance(devices, str) and "," in devices:
        return [int(word) for word in devices.split(",") if word]
    return list(devices) if isinstance(devices, list) else None


def typed(devices: Any) -> str:
    """The value as typed."""
    return f"[{','.join(map(str, devices))}]" if isinstance(devices, list) else str(devices)
