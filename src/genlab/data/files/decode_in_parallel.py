"""Decodes many files with a thread pool, in order; an unreadable file raises, or is skipped and recorded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from genlab.config.types import OnError
from genlab.data.files.decode import Unreadable, mode_of

Row = tuple[np.ndarray, ...]
LOOKED_AT = 64  # files whose headers say whether a set has colour
THREADS = min(8, os.cpu_count() or 1)  # Pillow lets go of the interpreter while it decodes and scales


def decode_rows(
    files: Sequence[Path], decode: Callable[[Path], Row], on_error: OnError, skipped: list[str], root: Path
) -> Iterator[Row | None]:
    """``decode`` of each file, in order; None for a skipped file, whose path is appended to ``skipped``.

    Raises:
        Unreadable: a file cannot be read, and ``on_error`` is ``stop``.
    """
    waiting: deque[Future[Row]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            ahead = iter(files)
            for _ in files:
                while len(waiting) < 4 * THREADS and (path := next(ahead, None)) is not None:
                    waiting.append(pool.submit(decode, path))
                try:
                    yield waiting.popleft().result()
                except Unreadable as error:
                    if on_error == "stop":
                        raise
                    skipped.append(error.path.relative_to(root).as_posix())
                    yield None
        finally:
            pool.shutdown(cancel_futures=True)


def channels_of(files: list[Path]) -> int:
    """3 if any of about ``LOOKED_AT`` evenly spaced files has colour, else 1."""
    some = files[:: max(1, len(files) // LOOKED_AT)]
    return 3 if any(mode_of(path) != "L" for path in some) else 1
