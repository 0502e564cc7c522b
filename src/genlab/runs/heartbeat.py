"""Whether a run is alive: by its lock on this machine, on another one by the time stamp that it renews in its summary.

A lock says nothing of another machine where the file system between them keeps none, as many network file systems.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from genlab.console import say
from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.runs.summary import HEARTBEAT, NAME, RUNNING, Summary, host, read_summary
from genlab.runs.writing import attempt

LOCK = ".lock"
PERIOD = 30.0  # seconds between two time stamps
LIMIT = 3 * PERIOD + 30.0  # age from which a run is dead: two stamps missed, and clocks that differ by half a minute
LOOK = 1.0  # seconds between two looks at another machine's time stamp

State = Literal["waiting", "running", "stale", "finished", "failed", "interrupted", "preempted", "absent"]


class Heartbeat:
    """Renews the time stamp in a summary as long as the context is open, in a thread: a validation may take long."""

    def __init__(self, summary: Summary, period: float = PERIOD) -> None:
        self.summary, self.period = summary, period
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.renew, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        """Start the thread."""
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        """End the thread; one that hangs in a write, as on a lost network, is left behind."""
        self.ended.set()
        self.thread.join(timeout=5.0)

    def renew(self) -> None:
        """Write a time stamp every ``period`` seconds; one that cannot be written is a warning."""
        while not self.ended.wait(self.period):
            with attempt(self.summary.path):
                self.summary.beat()


def state_of(folder: Path, now: float | None = None) -> State:
    """What a run directory is in: its status, but ``stale`` where that says ``running`` and the process is gone.

    ``absent``: there is no run, or one that was killed before it had a summary.

    Raises:
        CheckpointError: its summary cannot be read.
    """
    if is_locked(folder):
        return "running"
    if not (folder / NAME).is_file():
        return "absent"
    summary = read_summary(folder / NAME)
    if summary.get("status") != RUNNING:
        return summary.get("status") or "absent"
    return "running" if lives_elsewhere(summary, now) else "stale"


def is_locked(folder: Path) -> bool:
    """Whether a process of this machine holds the run (or of any, where the file system keeps locks between machines)."""
    if not (folder / LOCK).is_file():
        return False
    probe = FileLock(folder / LOCK)
    try:
        probe.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that this user may only read
        return False
    probe.release()
    return False


def lives_elsewhere(summary: dict[str, Any], now: float | None = None) -> bool:
    """Whether another machine trains the run: it has renewed its time stamp lately. Of this one the lock knows."""
    beat = summary.get(HEARTBEAT)
    ours = not isinstance(beat, dict) or beat.get("host") == host()
    return summary.get("status") == RUNNING and not ours and not is_stale(summary, now)


def is_stale(summary: dict[str, Any], now: float | None = None) -> bool:
    """Whether the time stamp is too old for a process that is alive, or missing."""
    return age(summary, now) > LIMIT


def age(summary: dict[str, Any], now: float | None = None) -> float:
    """Seconds since the time stamp, negative if that clock is ahead of ours; infinite without one."""
    try:
        stamped = datetime.fromisoformat(summary[HEARTBEAT]["time"])
    except (KeyError, TypeError, ValueError):
        return float("inf")
    stamped = stamped if stamped.tzinfo else stamped.replace(tzinfo=UTC)
    return (time.time() if now is None else now) - stamped.timestamp()


def require_dead(folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Refuse a run that another machine trains. One that was alive there a moment ago is watched: it may have died.

    Raises:
        ConfigError: its time stamp has been renewed.
    """
    first = summary = known_of(folder)
    if not lives_elsewhere(first):
        return
    seconds = LIMIT - max(age(first), 0.0)
    say(f"wait      {folder} was alive {last_sign(first)}: up to {seconds:.0f} s, to see whether it still is")
    for _ in range(int(seconds / LOOK) + 1):
        sleep(LOOK)
        summary = known_of(folder)
        if summary.get("status") != RUNNING:
            return
        if summary.get(HEARTBEAT) != first.get(HEARTBEAT):
            raise held_by_another(folder, f" {last_sign(summary)}")


def known_of(folder: Path) -> dict[str, Any]:
    """The summary of a run; empty if there is none that can be read, of which whoever needs it tells."""
    try:
        return read_summary(folder / NAME)
    except CheckpointError:
        return {}


def last_sign(summary: dict[str, Any]) -> str:
    """Where a run was alive, and when: ``on node7 (process 4242) 12 s ago``."""
    beat = summary.get(HEARTBEAT) or {}
    return f"on {beat.get('host')} (process {beat.get('pid')}) {max(age(summary), 0.0):.0f} s ago"


def held_by_another(folder: Path, where: str = "") -> ConfigError:
    """The error for a run that is being trained. ``where``: its last sign of life, if on another machine."""
    what = f"{folder} is being trained by another process" + (f": alive{where}" if where else "")
    return ConfigError([Problem("resume", what, "Wait for it, or stop it.")])
