"""A thread on every rank that shows that the rank lives, looks after the others, and ends the process when one is gone.

Whoever launched the ranks: Lightning looks after its children every five seconds and kills everything, which hides who
failed first; nobody looks after rank 0; srun looks after nobody; and under NCCL a dead rank is no error at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Self

from genlab.cluster.ranks.errors import write_stack, write_trace
from genlab.cluster.ranks.peer import Peer
from genlab.cluster.ranks.signs import End, OwnSign, all_done, read_names, write_names
from genlab.cluster.ranks.verdict import Failure, error_of, first, sentence
from genlab.console import note, say
from genlab.contracts import GenlabError, LostRank, Stopped, one_line

EVERY = 1.0  # seconds between two looks, of up to 16 ranks; of more, as many looks a second
GRACE = {True: 5.0, False: 2.0}  # seconds in which the main thread may still leave by itself, on rank 0 and elsewhere
SETTLE = 3.0  # seconds to wait for others to say what has happened
CLOSING = 10.0  # seconds for closing the files of rank 0
MARGIN = (
    5.0  # seconds before the time-out by which a rank that shows nothing counts as hung, so that all is over by then
)


class Watch:
    """The watch of one rank; a context manager around all that the ranks do together. Of one rank alone it does nothing.

    Args:
        directory: of the run.
        name: of this rank.
        names: of all ranks, on rank 0; elsewhere they are read.
        timeout: seconds without a sign of life after which a rank counts as hung.

    Attributes:
        children: the processes that this one has started, by the rank's name.
        at_loss: what rank 0 does before it is ended from here: closes its files, and keeps the reason.
    """

    def __init__(self, directory: Path, name: str, names: list[str], timeout: float) -> None:
        self.directory, self.name, self.names, self.timeout = directory, name, names, timeout
        self.is_first, self.active = name == "0", len(names) != 1
        self.own = OwnSign(directory, name)
        self.peers: dict[str, Peer] = {}
        self.failures: dict[str, Failure] = {}  # the first of each rank
        self.waited = 0.0  # since the first of them
        self.children: Callable[[], Mapping[str, subprocess.Popen[bytes]]] = dict
        self.at_loss: Callable[[BaseException], None] = lambda error: None
        self.deciding = threading.Lock()  # held by the thread that decides how this rank ends
        self.entered = False

    # ---- the main thread's ------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Begin to show signs of life; inside another such block of the same watch nothing changes."""
        if self.active and not self.entered:
            self.entered = True
            if self.names:
                write_names(self.directory, self.names)
            self.own.write()
            threading.Thread(target=self.keep, daemon=True, name="ranks").start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Say how this rank ended.

        Raises:
            RankFailed: another one failed first.
            Stopped: another one left for a signal.
        """
        if not self.active:
            return
        self.active = False
        self.deciding.acquire()  # for ever: from here on the thread does nothing more
        end = self.end_of(error)
        with suppress(OSError):
            self.own.end(end)
            if error is None and all_done(self.directory):  # nobody writes any more: whoever leaves last tidies up
                shutil.rmtree(self.own.path.parent, ignore_errors=True)
        failure = None if error is None or is_own(error) else self.before(error, end.when)
        if failure is None and isinstance(error, LostRank):
            write_trace(self.errors, self.name, error)  # all that is known
        if failure is not None:
            if not self.is_first and self.speaks(failure):
                say(f"error: {self.words(failure)}", every_rank=True)
            raise self.error(failure) from error

    def end_of(self, error: BaseException | None) -> End:
        """How this rank ends; the traceback of what nobody expected is written."""
        now = time.time()
        if error is None:
            return End("done", now)
        if isinstance(error, Stopped | KeyboardInterrupt):
            return End("stopped", now, str(error), getattr(error, "exit_code", 130))
        if isinstance(error, LostRank):
            return End("lost", now, str(error))
        if isinstance(error, GenlabError):
            return End("failed", now, str(error), error.exit_code)
        written = write_trace(self.errors, self.name, error)
        return End("failed", now, one_line(error), 1, str(written or ""))

    def before(self, error: BaseException, when: float) -> Failure | None:
        """The failure of another rank that this rank's own error comes from; None if it is none."""
        lost, until = isinstance(error, LostRank), time.monotonic() + SETTLE
        while True:
            with suppress(OSError):
                self.look(0.0)
            found = first(failure for failure in self.failures.values() if lost or precedes(failure, error, when))
            if found is not None or time.monotonic() > until - (0 if lost else SETTLE - 0.5):
                return found or (self.inferred() if lost else None)
            time.sleep(0.1)

    # ---- the watching thread's --------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Show signs of life and look after the others, until the main thread leaves, or must be left."""
        before = time.monotonic()
        while True:
            time.sleep(self.interval)
            if not self.deciding.acquire(blocking=False):
                return
            with suppress(OSError):
                self.own.beat()
            with suppress(OSError):
                self.look(self.interval)
            now = time.monotonic()
            self.waited += min(now - before, 2 * self.interval) if self.all_failures() else 0.0
            before = now
            if self.waited > GRACE[self.is_first] + (0 if self.failures else SETTLE):
                self.leave_from_here()
            self.deciding.release()

    @property
    def interval(self) -> float:
        """Seconds between two looks."""
        return min(max(EVERY, len(self.names) / 16), self.limit / 4)

    @property
    def limit(self) -> float:
        """Seconds without a sign after which a rank counts as hung."""
        return self.timeout - min(MARGIN, self.timeout / 2)

    def look(self, passed: float) -> None:
        """Look at every other rank. ``passed``: seconds since the last look.

        The time in which nothing was seen of a rank is counted in looks of one's own: where all ranks were stopped
        together (Ctrl-Z, a laptop's lid), none of them hangs.
        """
        self.names = self.names or read_names(self.directory)
        children = self.children()
        for name in self.names:
            if name == self.name or name in self.failures:
                continue
            peer = self.peers.setdefault(name, Peer(self.directory, name))
            if failure := peer.look(passed, self.limit, children.get(name)):
                self.failures[name] = failure
                if failure.how == "hung":
                    peer.kill()  # which closes its connections, too

    def all_failures(self) -> list[Failure]:
        """What is certain; else what is inferred."""
        return list(self.failures.values()) or list(filter(None, [self.inferred()]))

    def inferred(self) -> Failure | None:
        """Where ranks have waited in vain and nothing is known of any failure: the first one that has not said so."""
        ended = {name for name, peer in self.peers.items() if peer.sign and peer.sign.end}
        own = {self.name} if not self.active else set()
        if not any(self.peers[name].is_lost for name in ended) and not own:
            return None
        left = [name for name in self.names if name not in ended | own]
        absent = [name for name in left if name != self.name and self.peers[name].sign is None]
        return next((Failure(n, "absent" if n in absent else "silent", time.time()) for n in absent or left), None)

    def leave_from_here(self) -> NoReturn:
        """End this process: its main thread does not come back from where it waits for another rank."""
        failure = first(self.all_failures())
        assert failure is not None
        with suppress(OSError):
            self.own.end(End("lost", time.time()))
            if failure.rank == self.name:
                write_stack(self.errors, self.name)
        words = f"error: {self.words(failure)}"
        if self.speaks(failure):
            say(words, every_rank=True)
        else:
            note(words)
        closing = threading.Thread(target=quietly, args=[partial(self.at_loss, self.error(failure))], daemon=True)
        closing.start()
        closing.join(CLOSING)
        for child in self.children().values():
            child.kill()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(failure.code)

    # ---- both -------------------------------------------------------------------------------------------------------

    @property
    def errors(self) -> Path:
        """The folder of the tracebacks."""
        return self.directory / "errors"

    def words(self, failure: Failure) -> str:
        """The failure in words."""
        return sentence(failure, self.timeout, self.errors)

    def error(self, failure: Failure) -> GenlabError | Stopped:
        """What this rank ends with because of the failure."""
        return error_of(failure, self.timeout, self.errors)

    def speaks(self, failure: Failure) -> bool:
        """Whether this rank tells the user: it is the first one that is left, and the failed one cannot say so itself."""
        if failure.rank == "0" and failure.how in ("failed", "stopped"):
            return False
        return self.name == next((name for name in self.names if name not in {*self.failures, failure.rank}), None)


def is_own(error: BaseException) -> bool:
    """Whether an error has surely nothing to do with the other ranks."""
    return isinstance(error, GenlabError) and not isinstance(error, LostRank)


def precedes(failure: Failure, error: BaseException, when: float) -> bool:
    """Whether a failure came before this rank's error: who is gone when it is raised was gone before."""
    if isinstance(error, Stopped | KeyboardInterrupt) and failure.how == "stopped":
        return False
    return failure.how in ("died", "hung") or failure.when < when


def quietly(work: Callable[[], Any]) -> None:
    """Do something of which a failure changes nothing any more."""
    try:
        work()
    except Exception:
        traceback.print_exc()
