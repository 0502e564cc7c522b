"""``metrics.csv``: written by every run, whatever else it logs to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch.utilities import rank_zero_only

from genlab.runs.loggers.record import Record
from genlab.runs.table import FIRST, Table
from genlab.runs.writing import attempt

FLUSH_SECONDS = 5.0


class CsvLog(Record):
    """One wide row per logging step: step (batches), epoch, images, seconds, then the metrics by name.

    ``seconds`` is the time spent in this run, summed over all resumes.
    """

    title: ClassVar[str] = "csv"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.table = Table(path, FIRST)
        self.started = time.monotonic()
        self.flushed = self.started

    @property
    def seconds(self) -> float:
        """Time spent in this run so far."""
        return time.monotonic() - self.started

    def continue_from(self, seconds: float) -> None:
        """Continue the clock from a checkpoint's time."""
        self.started = time.monotonic() - seconds

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Append a row with the elapsed time."""
        epoch, images = metrics.get("epoch", ""), metrics.get("images", "")
        rest = {name: value for name, value in metrics.items() if name not in FIRST}
        row = {"step": step, "epoch": epoch, "images": images, "seconds": round(self.seconds, 3), **rest}
        self.table.append(row)
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.save()

    @rank_zero_only
    def save(self) -> None:
        """Flush the rows to disk; those that cannot be written wait for the next time."""
        with attempt(self.table.path):
            self.table.save()
        self.flushed = time.monotonic()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Flush the rows to disk."""
        self.save()
