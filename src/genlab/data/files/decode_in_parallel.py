"""Decodes many files with a thread pool, in order; an unreadable file raises, or is skipped and recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from genlab.config.types import OnError
from genlab.console import progress
from genlab.contracts import Unreadable
from genlab.cores import usable
from genlab.data.files.decode import Reading, header, read
from genlab.data.files.findings import Findings
from genlab.data.files.pixels import Range

Item = TypeVar("Item")
Result = TypeVar("Result")
Row = tuple[np.ndarray, ...]
LONG = 500  # files from which a person should see a bar
THREADS = min(8, usable())  # the decoders let go of the interpreter while they work


def in_order(
    items: Sequence[Item], work: Callable[[Item], Result], most: int = 4 * THREADS
) -> Iterator[Callable[[], Result]]:
    """For each item, in order, a function that returns its result or raises; ``most`` items ahead are worked on."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            ahead = iter(items)
            for _ in items:
                while len(waiting) < most and (item := next(ahead, None)) is not None:
                    waiting.append(pool.submit(work, item))
                yield waiting.popleft().result
        finally:
            pool.shutdown(cancel_futures=True)


def decode_rows(
    files: Sequence[Path],
    decode: Callable[[Path], Result],
    on_error: OnError,
    findings: Findings,
    most: int = 4 * THREADS,
) -> Iterator[Result | None]:
    """``decode`` of each file, in order, ``most`` ahead; None for a skipped file, which is recorded.

    Raises:
        Unreadable: a file cannot be read, and ``on_error`` is ``stop``.
    """
    for result in in_order(files, decode, most):
        try:
            yield result()
        except Unreadable as error:
            if on_error == "stop":
                raise
            findings.skip(error)
            yield None


def look_at(
    files: Sequence[Path], reading: Reading, on_error: OnError, findings: Findings
) -> tuple[set[Path], Range | None]:
    """Decode every file once. -> those that cannot be read, which are recorded; the range of the deep ones.

    Raises:
        Unreadable: a file cannot be read, and ``on_error`` is ``stop``; or none can.
    """

    bad, seen = set(), Findings(findings.root)

    def look(path: Path) -> None:
        seen.see(read(path, reading.max_pixels), reading)

    with progress("looking at the files", len(files), shown=len(files) >= LONG, unit="files") as advance:
        for path, result in zip(files, in_order(files, look), strict=True):
            try:
                result()
            except Unreadable as error:
                bad.add(path)
                if on_error == "stop" or len(bad) == len(files):
                    raise
                findings.skip(error)
            advance()
    return bad, seen.range()


def channels_of(files: Iterable[Path]) -> int:
    """3 if any file has colour by its header, else 1; a file that cannot be read does not count."""

    def has_colour(path: Path) -> bool:
        try:
            return not header(path).grey
        except Unreadable:
            return False

    every = list(files)
    with ThreadPoolExecutor(THREADS) as pool:
        return 3 if any(pool.map(has_colour, every)) else 1
