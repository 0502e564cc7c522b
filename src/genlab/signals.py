"""Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP (a closed terminal), from the first line of a command to its exit.

A signal is acknowledged at once. Outside of the training, where nothing is left to save, it then ends what is under way
by raising ``Stopped``; the training asks for it between two updates, saves, and raises ``Stopped`` itself.
"""

from __future__ import annotations

import atexit
import math
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from genlab.console import note
from genlab.contracts import Stopped
from genlab.rank_environment import is_rank_0

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGUSR1": 75, "SIGHUP": 129}
NUMBERS = [getattr(signal, name) for name in CODES if hasattr(signal, name)]
TERMINALS = [output for output in (1, 2) if os.isatty(output)]  # one that is gone does not say that it was one
PATIENCE = 5.0  # seconds for closing files and loggers, in which further signals are ignored


class Signals:
    """What this process has received. The first signal determines the exit code.

    Attributes:
        deferred: whether signals wait for the end of the update in hand.
        advice: how to go on after a stop at this moment, for the message.
    """

    def __init__(self) -> None:
        self.received: list[str] = []
        self.first: dict[str, float] = {}  # when each came first
        self.deferred = False
        self.advice = ""
        self.left: float | None = None  # when it was decided to leave
        self.code: int | None = None  # the exit code, once it is certain

    def install(self) -> dict[int, Any]:
        """Take the signals over (again: Lightning has handlers of its own); returns the handlers before."""
        return {number: signal.signal(number, self.handle) for number in NUMBERS if not is_shielded(number)}

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The handler. While files are being closed further signals change nothing; later ones break that off.

        Raises:
            Stopped: outside of the training, and inside it at a second one that insists.
        """
        name = signal.Signals(number).name
        if self.left is not None:
            self.insist(name)
            return
        second = self.insists(name)
        self.received.append(name)
        self.first.setdefault(name, time.monotonic())
        if not self.deferred or second:
            acknowledge(f"stopping  {name} received" + ("; nothing is saved" if self.deferred else ""))
            self.leave()
            leave_terminal(name)
            raise Stopped(CODES[name], f"stopped by {name}{self.advice}")
        if len(self.received) == 1:
            acknowledge(f"stopping  {name} received: after the update in hand, which is saved{again(name)}")
        leave_terminal(name)

    def insists(self, name: str) -> bool:
        """Whether a second signal asks to leave without saving: Ctrl-C does, and SIGTERM some seconds after the first.

        Launchers pass one SIGTERM on several times at once. Slurm sends another when the time of grace is over, half
        a minute before it kills: that time is for the save.
        """
        if name == "SIGINT":
            return name in self.received
        late = time.monotonic() - self.first.get(name, math.inf) >= PATIENCE
        return name == "SIGTERM" and late and "SLURM_JOB_ID" not in os.environ

    def insist(self, name: str) -> None:
        """A signal to a process that is leaving already."""
        if self.left is None or time.monotonic() - self.left < PATIENCE:
            return
        if self.code is not None:
            os._exit(self.code)
        self.left = time.monotonic()
        raise Stopped(CODES[self.received[0] if self.received else name], f"stopped by {name}")

    def defer(self) -> None:
        """From here on only record signals: saving inside a handler, or stopping inside an update, is not safe."""
        self.deferred, self.advice = True, ", without saving. Continue: resume=auto"
        self.install()

    def settle(self) -> None:
        """A run is over, or its files are closed: the next signal ends what comes then."""
        self.deferred, self.advice = False, ""

    def leave(self, code: int | None = None) -> None:
        """Ignore signals from here on: nothing but closing is left. ``code``: the exit code, if it is certain."""
        self.left, self.code = time.monotonic(), code


CURRENT: list[Signals] = []  # of this process: at most one


@contextmanager
def caught() -> Iterator[Signals]:
    """Handle the signals as long as the context is open; inside another such context, give that one's."""
    if CURRENT:
        yield CURRENT[0]
        return
    CURRENT.append(Signals())
    before = CURRENT[0].install()
    try:
        yield CURRENT[0]
    finally:
        CURRENT.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def catch() -> Signals:
    """Handle the signals until the process ends, its shutdown included."""
    CURRENT[:] = [Signals()]
    CURRENT[0].install()
    atexit.register(ignore)
    return CURRENT[0]


def is_shielded(number: int) -> bool:
    """Whether ``nohup`` has made the process outlive its terminal."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) == signal.SIG_IGN


def leave_terminal(name: str) -> None:
    """After SIGHUP write no more to the terminal: it is gone, and each line would fail. ``log.txt`` goes on."""
    if name != "SIGHUP":
        return
    for output in TERMINALS:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)


def ignore() -> None:
    """Ignore the signals in what is left of the process: Python gives up its handlers before it is gone."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def pending() -> Stopped | None:
    """What a signal asks for that was to be obeyed between two updates, in a run that failed before them."""
    received = CURRENT[0].received if CURRENT else []
    return Stopped(CODES[received[0]], f"stopped by {received[0]}") if received else None


def again(name: str) -> str:
    """What a second Ctrl-C does, for those who have pressed it once."""
    return "; a second Ctrl-C ends at once, without saving" if name == "SIGINT" else ""


def acknowledge(line: str) -> None:
    """Print a line on rank 0, past Python's buffers, in which the signal may have struck."""
    if is_rank_0():
        with suppress(OSError):  # standard error is closed
            os.write(2, f"{line}\n".encode())
        note(line)
