"""Weights & Biases: on by default. Without a key or a reachable server it records offline and prints a line.

Lightning's own logger uses ``trainer/global_step`` as its x-axis and prompts for a key before it can go offline.
"""

from __future__ import annotations

import netrc
import os
import socket
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlparse

from lightning.pytorch.utilities import rank_zero_only

from genlab.console import say
from genlab.rank_environment import is_rank_0
from genlab.runs.loggers.record import Record

WAIT = 5.0  # seconds to wait for the server


class WandbLog(Record):
    """Metrics over batches, pictures and the resolved configuration; a run keeps its W&B id over all resumes.

    Args:
        project: the W&B project.
        entity: user or team; None for the account's own.
        mode: ``auto`` (online where a key is configured and the server answers, else offline), ``online``,
            ``offline`` or ``disabled``.
    """

    title: ClassVar[str] = "wandb"

    def __init__(self, project: str, entity: str | None, mode: str) -> None:
        super().__init__()
        self.project, self.entity, self.mode = project, entity, mode
        self.run: Any = None

    def open(self, folder: Path, run_id: str, name: str, config: dict[str, Any], tags: list[str], notes: str) -> None:
        """Start recording, on rank 0. ``run_id``: created once per run, so that a resume continues the same W&B run."""
        if not is_rank_0() or self.mode == "disabled":
            return
        import wandb

        mode: Any
        mode, why = chosen_mode(self.mode)
        settings = wandb.Settings(silent=True, init_timeout=30, console="off")
        shared: dict[str, Any] = {
            "project": self.project,
            "entity": self.entity,
            "id": run_id,
            "name": name,
            "dir": folder,
        }
        shared |= {"config": config, "tags": tags, "notes": notes, "resume": "allow", "settings": settings}
        try:
            self.run = wandb.init(mode=mode, **shared)
        except wandb.errors.CommError as error:
            say(f"W&B did not accept the run ({error}); recording offline.")
            mode, why = "offline", "the server failed"
            self.run = wandb.init(mode=mode, **shared)
        self.run.define_metric("*", step_metric="step")
        where = (
            self.run.url if mode == "online" else f"offline ({why}). Upload later: wandb sync {folder}/wandb/latest-run"
        )
        say(f"W&B       {where}")

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Log a row with ``step`` as a column: W&B drops rows whose internal step decreases, as after a resume."""
        if self.run is not None:
            self.run.log({**metrics, "step": step})

    @rank_zero_only
    def log_picture(self, name: str, path: Path, step: int) -> None:
        """Log a picture file."""
        if self.run is not None:
            import wandb

            self.run.log({f"images/{name}": wandb.Image(str(path)), "step": step})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Do nothing yet: the test's metrics come after fit."""

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Upload the final metrics and finish the run."""
        if self.run is not None:
            self.run.summary.update(summary)
            self.run.finish(exit_code=exit_code)
            self.run = None


def chosen_mode(mode: str) -> tuple[str, str]:
    """Resolve ``auto`` to a mode, with the reason; ``WANDB_MODE`` in the environment takes precedence."""
    if mode != "auto":
        return mode, "as asked"
    if os.environ.get("WANDB_MODE"):
        return os.environ["WANDB_MODE"], "WANDB_MODE"
    url = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    if not has_key(url):
        return "offline", "no key: wandb login"
    if not answers(url):
        return "offline", "the server does not answer"
    return "online", ""


def has_key(url: str) -> bool:
    """Whether ``wandb login`` or the environment provides a key for this server; never prompts."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(urlparse(url).hostname or "") is not None
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
