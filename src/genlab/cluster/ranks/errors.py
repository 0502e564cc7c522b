"""``<run>/errors/rank_<n>.txt``: the traceback of what nobody expected, or where a rank stood that did not answer."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from pathlib import Path


def write_trace(folder: Path, rank: str, error: BaseException) -> Path | None:
    """Write an error's traceback, for torchrun's closing words too; None if it cannot be written."""
    if "TORCHELASTIC_ERROR_FILE" in os.environ:
        from torch.distributed.elastic.multiprocessing.errors import get_error_handler

        get_error_handler().record_exception(error)
    return write(folder, rank, "".join(traceback.format_exception(error)))


def write_stack(folder: Path, rank: str) -> Path | None:
    """Write where the main thread stands now."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return write(
        folder, rank, "Where this rank stood when the others gave it up:\n" + "".join(traceback.format_stack(frame))
    )


def write(folder: Path, rank: str, text: str) -> Path | None:
    """Write a rank's file; None if that fails."""
    path = folder / f"rank_{rank}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path
