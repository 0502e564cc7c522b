"""Starts trials as there is room, waits for them, and keeps the table of cells true; the same for every engine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from genlab.apps.sweep.results import Results
from genlab.console import program, say
from genlab.contracts import Stopped
from genlab.signals import CODES, Signals
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.rows import Row
from genlab.sweeps.trials import Trial, words

DONE = ("finished", "pruned")
LOOK = 0.2  # seconds between two looks at the trials
REFRESH = 5.0  # seconds between two tables while nothing ends


class Engine(Protocol):
    """Where trials run."""

    running: dict[str, Any]  # by key of the trial; the values begin with it
    outlives: bool  # its trials go on when this process ends

    @property
    def room(self) -> int: ...

    def start(self, trials: list[Trial]) -> None: ...

    def ended(self) -> Iterator[tuple[Trial, int]]: ...

    def log_of(self, trial: Trial) -> Path: ...

    def stop(self, trial: Trial) -> None: ...

    def kill(self) -> None: ...


class Scheduler:
    """One session of a sweep, from its first trial to its last, or to a signal.

    Args:
        results: what follows from the results so far.
        shown: called with the rows as often as they change.
    """

    def __init__(
        self, folder: SweepFolder, engine: Engine, results: Results, shown: Callable[[list[Row]], None]
    ) -> None:
        self.folder, self.engine, self.results, self.shown = folder, engine, results, shown
        self.queue = deque(trial for trial in undone(folder) if trial.key not in engine.running)
        self.failed: list[Trial] = []
        self.pruned: set[str] = set()
        self.stopping = False
        self.next_table = 0.0

    def run(self, signals: Signals) -> None:
        """Run until nothing is left. A first signal lets the running trials save; a second Ctrl-C ends them.

        Raises:
            Stopped: by a signal.
        """
        signals.deferred = True
        try:
            while self.goes_on(signals):
                time.sleep(LOOK)
        except BaseException:
            self.engine.kill()
            raise
        finally:
            signals.settle()
            self.table()
        if signals.received:
            first = signals.received[0]
            raise Stopped(CODES[first], f"stopped by {first}. Continue: {program('sweep')} {self.folder.path}")

    def goes_on(self, signals: Signals) -> bool:
        """One look at everything; returns whether there is anything left to wait for."""
        ended = list(self.engine.ended())
        for trial, code in ended:
            self.settle(trial, code)
        if signals.received and not self.stopping:
            self.stop()
        begun = [] if self.stopping else list(islice(self.next(), self.engine.room))
        if begun:
            self.engine.start(begun)
        self.prune()
        if begun or ended or time.monotonic() > self.next_table:
            self.table()
        return bool(self.engine.running) and not (self.stopping and self.engine.outlives)

    def next(self) -> Iterator[Trial]:
        """The trials to start next, unless a result is good enough."""
        while not self.results.is_reached():
            if not self.queue:
                self.queue.extend(self.results.more())
            if not self.queue:
                return
            yield self.queue.popleft()

    def stop(self) -> None:
        """Let the running trials save and end, unless they are none of this process's."""
        self.stopping = True
        if not self.engine.outlives:
            for trial, *_ in self.engine.running.values():
                self.engine.stop(trial)

    def prune(self) -> None:
        """End the trials that are hopeless, each once."""
        for trial, *_ in self.engine.running.values():
            if (
                trial.key not in self.pruned
                and self.results.is_hopeless(trial)
                and self.folder.state(trial) not in DONE
            ):
                self.pruned.add(trial.key)
                self.folder.prune(trial)
                self.engine.stop(trial)
                say(f"pruned    cell {trial.key} ({words(trial.values)}): others were better by then")

    def settle(self, trial: Trial, code: int) -> None:
        """A trial has ended: name it if it has failed."""
        if self.folder.code_of(trial) is None:
            self.folder.write_code(trial, code)  # killed before it could say so itself
        if self.stopping or self.folder.state(trial) in DONE:
            return
        self.failed.append(trial)
        log = self.engine.log_of(trial)
        say(f"failed    cell {trial.key} ({words(trial.values)}), exit code {code}: {last_words(log)}")
        say(f"          all that it printed: {log}")

    def table(self) -> None:
        """Write and show the table of cells."""
        self.next_table = time.monotonic() + REFRESH
        self.shown(self.folder.rows())


def undone(folder: SweepFolder) -> list[Trial]:
    """The trials that are to run, or to go on."""
    return [trial for trial in folder.trials() if folder.state(trial) not in DONE]


def last_words(log: Path) -> str:
    """The error of a trial: the last line that says one, else the last line."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("error:", "failed:"))]
    return (told or lines or ["it printed nothing"])[-1]
