"""The loggers of a run: always ``metrics.csv``, plus those of ``logger=``."""

from __future__ import annotations

import hashlib
from typing import Any

from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from genlab.config.build import build
from genlab.runs import final_table
from genlab.runs.directory import RunDirectory
from genlab.runs.final_table import Row
from genlab.runs.loggers.csv import CsvLog
from genlab.runs.wandb_agent import agents_run_id
from genlab.runs.writing import attempt


class Loggers:
    """All loggers of a run. Configured ones are built first, so that an error leaves no run directory behind."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg = cfg
        self.configured: list[Any] = [build(node, cfg.trust) for node in (cfg.logger or {}).values()]

    def place(self, directory: RunDirectory) -> None:
        """Create ``metrics.csv``."""
        self.csv = CsvLog(directory.path / "metrics.csv")

    def open(self, directory: RunDirectory, wandb_id: str) -> None:
        """Start the configured loggers."""
        config = OmegaConf.to_container(self.cfg, resolve=True)
        name = f"{self.cfg.name}/{directory.run_id}"
        for logger in self.configured:
            logger.open(directory.path, wandb_id, name, config, list(self.cfg.tags), self.cfg.notes)

    @property
    def all(self) -> list[Logger]:
        """All loggers, for the Trainer."""
        return [self.csv, *self.configured]

    def conclude(self, directory: RunDirectory, rows: list[Row], step: int, best: dict[str, Any]) -> None:
        """Write the table of the final numbers, and give it and the best checkpoint to the configured loggers.

        Args:
            directory: of a run that is done.
            rows: of the table.
            step: batches seen.
            best: what ``best.ckpt`` has: metric, value and step; empty where there is none.
        """
        with attempt(directory.path / final_table.FILE):
            final_table.write(directory.path, rows)
        name, aliases = ("best.ckpt", ["best"]) if best else ("last.ckpt", ["last"])
        if best.get("step") == step:
            aliases = ["best", "last"]
        for logger in self.configured:
            logger.log_table(rows, step)
            logger.log_checkpoint(directory.checkpoints / name, aliases, best or {"step": step})

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Save ``metrics.csv`` and close the configured loggers."""
        self.csv.save()
        for logger in self.configured:
            logger.close(summary, exit_code)


def wandb_id(directory: RunDirectory, stored: str | None) -> str:
    """The run's id at W&B: in a sweep of W&B's the agent's, else the one stored in the summary, else a new one.

    It is stored because the directory may be moved before a resume.
    """
    return agents_run_id() or stored or new_wandb_id(directory)


def new_wandb_id(directory: RunDirectory) -> str:
    """A unique id for the directory."""
    place = f"{directory.path.resolve()}/{directory.path.stat().st_ino}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]
