"""What Lightning requires of a logger and ours do not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch.loggers import Logger

from genlab.runs.final_table import Row


class Record(Logger):
    """A logger without versions and hyperparameters: the run directory and ``config.yaml`` have them."""

    title: ClassVar[str]

    @property
    def name(self) -> str:
        """``csv``, ``tensorboard`` or ``wandb``."""
        return self.title

    @property
    def version(self) -> str:
        """None: the run directory serves as the version."""
        return ""

    def log_hyperparams(self, params: Any, *args: Any) -> None:
        """Do nothing: ``config.yaml`` has the configuration."""

    def log_table(self, rows: list[Row], step: int) -> None:
        """Log the final numbers; ``tables/metrics.csv`` has them in any case."""

    def log_alert(self, name: str, text: str) -> None:
        """Send an alarm to whoever watches the run; the screen, ``log.txt`` and ``summary.json`` have it in any case."""

    def log_checkpoint(self, path: Path, aliases: list[str], metadata: dict[str, Any]) -> None:
        """Keep a checkpoint; the run directory has it in any case."""
