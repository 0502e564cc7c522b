"""Whether W&B records online, offline or not at all; decided without asking anyone anything."""

from __future__ import annotations

import netrc
import os
import socket
from typing import Any
from urllib.parse import urlparse

WAIT = 5.0  # seconds to wait for the server
OLD_NAMES = {"dryrun": "offline", "run": "online"}  # W&B's own, still valid in WANDB_MODE


def chosen_mode(mode: str, settings: Any) -> tuple[str, str]:
    """``online``, ``offline`` or ``disabled``, with the reason.

    Args:
        mode: the configured mode. ``auto`` leaves it to ``WANDB_MODE``, then to ``wandb offline`` and ``wandb disabled``
            in this folder, then to what can work.
        settings: W&B's own (``wandb.Settings``), with the environment and its settings files in them.
    """
    asked, why = (mode, "as asked") if mode != "auto" else asked_of_wandb(settings)
    if asked in ("offline", "disabled"):
        return asked, why
    if not has_key(settings):
        return "offline", "no key: wandb login"  # online without a key would ask for one
    if not asked and not answers(settings.base_url):
        return "offline", "the server does not answer"
    return "online", why


def asked_of_wandb(settings: Any) -> tuple[str, str]:
    """The mode in the environment or in W&B's settings files, and which of them has it; empty if neither has."""
    if os.environ.get("WANDB_MODE"):
        return OLD_NAMES.get(settings.mode, settings.mode), "WANDB_MODE"
    found = OLD_NAMES.get(settings.mode, settings.mode)
    return ("", "") if found == "online" else (found, f"wandb {found}")  # online is also the default


def has_key(settings: Any) -> bool:
    """Whether ``wandb login`` or the environment provides a key or a token for the server; never prompts."""
    if settings.api_key or os.environ.get("WANDB_API_KEY") or settings.identity_token_file:
        return True
    host = urlparse(settings.base_url).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def answers(url: str) -> bool:
    """Whether the server accepts a connection within ``WAIT`` seconds."""
    parts = urlparse(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=WAIT):
            return True
    except OSError:
        return False
