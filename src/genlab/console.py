"""What reaches the screen: our own lines, a copy of them in ``log.txt``, and not the tips of the libraries beneath."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from genlab.rank_environment import is_rank_0

TIPS: tuple[str, ...] = (
    "💡 Tip",
    "GPU available",
    "TPU available",
    "HPU available",
    "weights_only",
    "`Trainer.fit` stopped",
)
TIPS += (
    "Restoring states from",
    "Restored all states",
    "Loaded model weights",
    "Initializing distributed",
    "distributed_backend=",
    "LOCAL_RANK:",
)
WARNINGS = (
    ".*srun.* command is available.*",
    ".*LeafSpec.* is deprecated.*",
    ".*is smaller than the logging interval.*",
    ".*does not have many workers.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*No device id is provided via `init_process_group`.*",
    ".*using the device under current context.*",
    ".*`training_step` returned `None`.*",
    ".*broadcast_buffers. is deprecated.*",
)

_log: TextIO | None = None


class _NotATip(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(tip in text for tip in TIPS)


def quiet() -> None:
    """Drop, by their text, the messages of a clean run that nobody can act on; everything else still shows."""
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.pytorch.trainer.connectors.checkpoint_connector",
        "lightning.fabric.utilities.distributed",
        "lightning.fabric.utilities.rank_zero",
        "lightning.pytorch.accelerators.cuda",
    ):
        logging.getLogger(name).addFilter(_NotATip())
    for text in WARNINGS:
        warnings.filterwarnings("ignore", message=text)


def program(command: str) -> str:
    """How ``command`` is started, for messages with words to type: as this process was, else from a clone."""
    started = Path(sys.argv[0])
    installed = started.stem == "genlab" or (started.name, started.parent.name) == ("__main__.py", "genlab")
    return f"genlab {command}" if installed else f"python src/{command}.py"


def say(line: str = "") -> None:
    """One line on the screen (standard error, so that output can be piped) and in ``log.txt``; rank 0 only."""
    if not is_rank_0():
        return
    print(line, file=sys.stderr, flush=True)  # noqa: T201
    note(line)


def note(line: str) -> None:
    """One line in ``log.txt`` only."""
    if _log is not None:
        _log.write(line + "\n")
        _log.flush()


@contextlib.contextmanager
def tee(path: Path) -> Iterator[None]:
    """While open, ``say`` and warnings are also written to ``path``, after what an earlier part of the run left there."""
    global _log
    show = warnings.showwarning

    def show_and_note(message: object, category: type[Warning], filename: str, lineno: int, *rest: object) -> None:
        note(f"{category.__name__}: {message}")
        show(message, category, filename, lineno, *rest)  # type: ignore[arg-type]

    with open(path, "a") as file:
        _log = file
        warnings.showwarning = show_and_note  # type: ignore[assignment]
        try:
            yield
        finally:
            warnings.showwarning, _log = show, None


@contextlib.contextmanager
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
