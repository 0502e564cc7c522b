"""TensorBoard event files in the run directory.

Lightning's own logger opens its files before the run directory exists and closes them before the test.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch.utilities import rank_zero_only

from genlab.contracts import ConfigError, Problem
from genlab.runs.loggers.record import Record
from genlab.runs.writing import attempt


class TensorBoardLog(Record):
    """Scalars and pictures in ``<run>/tensorboard``; the x-axis counts batches."""

    title: ClassVar[str] = "tensorboard"

    def __init__(self) -> None:
        super().__init__()
        if importlib.util.find_spec("tensorboard") is None:
            raise ConfigError(
                [Problem("logger=tensorboard", "tensorboard is not installed", "pip install tensorboard")]
            )
        self.writer: Any = None
        self.folder = Path()

    @rank_zero_only
    def open(self, folder: Path, *rest: Any) -> None:
        """Create the writer; rank 0 only."""
        self.folder = folder / "tensorboard"
        self.begin()

    def begin(self) -> None:
        """Begin a file of events."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write events inside. After a full disk a writer writes no more: the next events go to a file of their own."""
        with attempt(self.folder):
            if self.writer is None:
                self.begin()
            try:
                yield
            except OSError:
                self.writer = None
                raise

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Write each metric as a scalar."""
        with self.writing():
            for name, value in metrics.items():
                self.writer.add_scalar(name, value, step)

    @rank_zero_only
    def log_picture(self, name: str, path: Path, step: int) -> None:
        """Log a picture file."""
        import numpy as np
        from PIL import Image

        with self.writing():
            self.writer.add_image(name, np.asarray(Image.open(path).convert("RGB")), step, dataformats="HWC")

    @rank_zero_only
    def save(self) -> None:
        """Flush the events to disk."""
        if self.writer is not None:
            with self.writing():
                self.writer.flush()

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Write the last events and close."""
        if self.writer is not None:
            with self.writing():
                self.writer.close()
