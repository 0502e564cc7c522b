"""The key of an override, read without Hydra's grammar."""

from __future__ import annotations


def key_of(override: str) -> str:
    """The key of an override: ``++model.beta=2`` -> ``model.beta``."""
    return override.lstrip("+~").partition("=")[0]


def root_of(override: str) -> str:
    """The first word of an override's key: ``model`` of ``+model/net@model.net=mlp``."""
    return key_of(override).replace("/", ".").replace("@", ".").split(".")[0]
