"""A bar with time left, for work that a person waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(title: str, total: int | None, shown: bool = True, unit: str = "rows") -> Iterator[Callable[..., None]]:
    """While open: call what it gives with the amount done (default 1). Drawn on a terminal only.

    Args:
        total: rows or bytes; None where nobody knows.
        unit: ``rows`` or ``bytes``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(title, total=total)
        done = 0.0

        def advance(amount: float = 1) -> None:
            nonlocal done
            done += amount
            bar.update(task, completed=round(done, 6))  # shares of thirds make a whole

        yield advance
