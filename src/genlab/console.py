"""Console output: our own lines, copied to ``log.txt``, progress bars, and filters for the libraries' notices."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from genlab.rank_environment import is_rank_0

LIGHTNING = ("lightning.pytorch", "lightning.fabric")
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
    "Glyph .* missing from font.*",  # of a file's name below its picture: a box stands there
)


Attempt = Callable[[Path], contextlib.AbstractContextManager[None]]


class LogFile(logging.Handler):
    """Appends to a file that is opened for each line, so that a line lost to a full disk takes no other along."""

    def __init__(self, path: Path, attempt: Attempt) -> None:
        super().__init__()
        self.path, self.attempt = path, attempt

    def emit(self, record: logging.LogRecord) -> None:
        """Append the message."""
        with self.attempt(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(record.getMessage() + "\n")


class Screen(logging.Handler):
    """Writes to the current ``sys.stderr``, so that standard output can be piped."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message."""
        print(record.getMessage(), file=sys.stderr, flush=True)  # noqa: T201


SOON = 1.0  # seconds of work after which it is known how long it will take


def of_rank_0(record: logging.LogRecord) -> bool:
    """Filter: only rank 0 prints and writes ``log.txt``, except for records marked ``every_rank``."""
    return is_rank_0() or getattr(record, "every_rank", False)


# not by getLogger: a sweep configures logging for each of its runs, and Python then disables every logger it knows
NOTED, SAID = logging.Logger("genlab", logging.INFO), logging.Logger("genlab.said", logging.INFO)
NOTED.addHandler(logging.NullHandler())
SAID.parent = NOTED  # what is said is noted, too
SAID.addHandler(Screen())
SAID.handlers[0].addFilter(of_rank_0)


def quiet() -> None:
    """Silence Lightning's notices, and the libraries' warnings in ``WARNINGS``, about which users can do nothing."""
    for name in LIGHTNING:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith(LIGHTNING) and isinstance(logger, logging.Logger):
            logger.disabled = False  # a sweep of Hydra's has disabled every logger that there was
    for text in WARNINGS:
        warnings.filterwarnings("ignore", message=text)


def program(command: str) -> str:
    """How to start ``command``, for messages: ``genlab …`` if this process was started so, else ``python src/….py``."""
    started = Path(sys.argv[0])
    installed = started.stem == "genlab" or (started.name, started.parent.name) == ("__main__.py", "genlab")
    return f"genlab {command}" if installed else f"python src/{command}.py"


def say(line: str = "", every_rank: bool = False) -> None:
    """Print a line to standard error and ``log.txt``; on rank 0 only, unless ``every_rank``."""
    SAID.info(line, extra={"every_rank": every_rank})


def show(text: str) -> None:
    """Print to standard output; a reader that has left (``| head``) is not an error."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing it does not fail again


def note(line: str) -> None:
    """Write a line to ``log.txt`` only; rank 0 only."""
    NOTED.info(line)


@contextlib.contextmanager
def tee(path: Path, attempt: Attempt = lambda path: contextlib.nullcontext()) -> Iterator[None]:
    """While open, lines of ``say`` and ``note`` and warnings are also appended to ``path``.

    ``attempt``: the context of each write, which may turn an OSError into a warning.
    """
    show, file = warnings.showwarning, LogFile(path, attempt)

    def show_and_note(message: object, category: type[Warning], filename: str, lineno: int, *rest: object) -> None:
        note(f"{category.__name__}: {message}")
        show(message, category, filename, lineno, *rest)  # type: ignore[arg-type]

    file.addFilter(of_rank_0)
    NOTED.addHandler(file)
    warnings.showwarning = show_and_note  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = show
        NOTED.removeHandler(file)
        file.close()


@contextlib.contextmanager
def progress(
    title: str, total: int | None, shown: bool = True, unit: str = "rows", announced: str = ""
) -> Iterator[Callable[..., None]]:
    """A progress bar, drawn on a terminal only. Yields a function to call with the amount done (default 1).

    Args:
        total: number of units; None if not known.
        unit: ``bytes``, or the name of what is counted.
        announced: if given, a line with this text and the estimated time is printed as well, on any rank and without a
            terminal too, unless the work takes less than a second.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(title, total=total)
        done, quiet = 0.0, not announced
        first: tuple[float, float] | None = None  # when, and how much: the first part is slower than the others

        def advance(amount: float = 1) -> None:
            nonlocal done, quiet, first
            done += amount
            bar.update(task, completed=round(done, 6))  # shares of thirds make a whole
            spent = monotonic() - first[0] if first else 0.0
            first = first or (monotonic(), done)
            if not quiet and total and spent > SOON:
                seconds = spent * total / (done - first[1])
                say(f"wait      {title}, {announced}: about {seconds:.0f} s", every_rank=True)
                quiet = True

        yield advance
