"""TensorBoard event files in the run directory.

Lightning's own logger opens its files before the run directory exists and closes them before the test.
"""

from __future__ import annotations

import importlib.util
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import yaml
from lightning.pytorch.utilities import rank_zero_only

from genlab.contracts import ConfigError, Problem
from genlab.runs import checkout, final_table
from genlab.runs.final_table import Row
from genlab.runs.loggers.record import Record
from genlab.runs.writing import attempt

RETRY = 60.0  # seconds before a new writer is tried


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
        self.failed = float("-inf")  # when a writer failed

    @rank_zero_only
    def open(self, folder: Path, run_id: str, name: str, config: dict[str, Any], tags: list[str], notes: str) -> None:
        """Create the writer, rank 0 only, and tell the configuration and the code."""
        self.folder = folder / "tensorboard"
        self.begin()
        said = {
            "tags": ", ".join(tags),
            "notes": notes,
            "configuration": block(yaml.safe_dump(config, sort_keys=False)),
        }
        said["git"] = checkout.git_revision() or ""
        differences = {path.stem: block(path.read_text(errors="replace")) for path in checkout.kept(folder)}
        for title, text in (said | differences).items():
            if text:
                self.say(title, text, 0)

    def say(self, title: str, text: str, step: int) -> None:
        """Write a text, in Markdown."""
        self.write(lambda writer: writer.add_text(title, text, step))

    def begin(self) -> None:
        """Begin a file of events."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder))

    def write(self, events: Callable[[Any], None]) -> None:
        """Write by ``events(writer)``. After a full disk a writer writes no more: a minute later another begins a file."""
        if self.writer is None and time.monotonic() - self.failed < RETRY:
            return
        with attempt(self.folder):
            try:
                if self.writer is None:
                    self.begin()
                events(self.writer)
            except OSError:
                self.writer, self.failed = None, time.monotonic()
                raise

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Write each metric as a scalar."""

        def scalars(writer: Any) -> None:
            for name, value in metrics.items():
                writer.add_scalar(name, value, step)

        self.write(scalars)

    @rank_zero_only
    def log_picture(self, name: str, path: Path, step: int) -> None:
        """Log a picture file."""
        import numpy as np
        from PIL import Image

        picture = np.asarray(Image.open(path).convert("RGB"))
        self.write(lambda writer: writer.add_image(name, picture, step, dataformats="HWC"))

    @rank_zero_only
    def log_sound(self, name: str, path: Path, step: int) -> None:
        """Log a WAV file of 16 bits and one channel."""
        import numpy as np
        import torch

        with wave.open(str(path), "rb") as file:
            rate, samples = file.getframerate(), file.readframes(file.getnframes())
        sound = torch.from_numpy(np.frombuffer(samples, "<i2") / np.float32(2**15))[None]
        self.write(lambda writer: writer.add_audio(name, sound, step, rate))

    @rank_zero_only
    def log_table(self, rows: list[Row], step: int) -> None:
        """Log the final numbers as a text."""
        self.say(final_table.NAME, final_table.as_markdown(rows), step)

    @rank_zero_only
    def save(self) -> None:
        """Flush the events to disk."""
        if self.writer is not None:
            self.write(lambda writer: writer.flush())

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Write the last events and close."""
        if self.writer is not None:
            self.write(lambda writer: writer.close())


def block(text: str) -> str:
    """A text of which Markdown changes nothing."""
    return "".join(f"    {line}\n" for line in text.splitlines())
