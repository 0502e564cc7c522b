"""A run's loggers: ``metrics.csv`` always, and those that ``logger=`` adds."""

from __future__ import annotations

import hashlib
from typing import Any

from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from genlab.config.build import build
from genlab.runs.directory import RunDirectory
from genlab.runs.loggers.csv import CsvLog


class Loggers:
    """All of them, opened and closed together. Configured ones are built first: what cannot be built leaves no run."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg = cfg
        self.configured: list[Any] = [build(node, cfg.trust) for node in (cfg.logger or {}).values()]

    def place(self, directory: RunDirectory) -> None:
        """Open the table that is always there."""
        self.csv = CsvLog(directory.path / "metrics.csv")

    def open(self, directory: RunDirectory, wandb_id: str) -> None:
        """Start the configured ones."""
        config = OmegaConf.to_container(self.cfg, resolve=True)
        name = f"{directory.name}/{directory.run_id}"
        for logger in self.configured:
            logger.open(directory.path, wandb_id, name, config, list(self.cfg.tags), self.cfg.notes)

    @property
    def all(self) -> list[Logger]:
        """For the Trainer."""
        return [self.csv, *self.configured]

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """End every record."""
        self.csv.save()
        for logger in self.configured:
            logger.close(summary, exit_code)


def new_wandb_id(directory: RunDirectory) -> str:
    """A name for this very directory, for the summary to keep: the directory may be elsewhere when the run goes on."""
    place = f"{directory.path.resolve()}/{directory.path.stat().st_ino}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]
