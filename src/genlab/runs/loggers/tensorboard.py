"""TensorBoard event files in the run directory.

Lightning's own logger opens its files before there is a run directory, and closes them before the test.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch.utilities import rank_zero_only

from genlab.contracts import ConfigError, Problem
from genlab.runs.loggers.record import Record


class TensorBoardLog(Record):
    """Scalars and pictures over our own step, in ``<run>/tensorboard``."""

    title: ClassVar[str] = "tensorboard"

    def __init__(self) -> None:
        super().__init__()
        if importlib.util.find_spec("tensorboard") is None:
            raise ConfigError(
                [Problem("logger=tensorboard", "tensorboard is not installed", "pip install tensorboard")]
            )
        self.writer: Any = None

    @rank_zero_only
    def open(self, folder: Path, *rest: Any) -> None:
        """Start writing."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / "tensorboard"))

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """A scalar each."""
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, step)

    @rank_zero_only
    def log_picture(self, name: str, path: Path, step: int) -> None:
        """A picture that has been written already."""
        import numpy as np
        from PIL import Image

        self.writer.add_image(name, np.asarray(Image.open(path).convert("RGB")), step, dataformats="HWC")

    @rank_zero_only
    def save(self) -> None:
        """Flush the events to disk."""
        if self.writer is not None:
            self.writer.flush()

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Write the last events and close."""
        if self.writer is not None:
            self.writer.close()
