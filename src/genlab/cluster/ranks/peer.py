"""Another rank, as seen from here."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from genlab.cluster.ranks.signs import Sign, read
from genlab.cluster.ranks.verdict import Failure


class Peer:
    """What has been seen of another rank."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self.sign: Sign | None = None  # the newest
        self.unchanged = 0.0  # seconds of looking in which nothing was seen of it

    def look(self, passed: float, limit: float, child: subprocess.Popen[bytes] | None) -> Failure | None:
        """Look once more. -> its failure, if there is one.

        Args:
            passed: seconds since the last look.
            limit: seconds without a sign of life after which it counts as hung.
            child: its process, if this one has started it.

        Raises:
            OSError: the file system does not answer.
        """
        code = child.poll() if child is not None else None  # asked before its last words are read
        before, now = self.sign, read(self.directory, self.name)
        if now is not None and now.end is not None:
            self.sign = now
            return Failure.of(self.name, now.end)
        if code:
            return self.failure("died", meaning(code))
        if now is None:  # not begun, or all is over and tidied up
            return None
        if not now.is_alive or (before is not None and (before.pid, before.born) != (now.pid, now.born)):
            return self.failure("died")
        self.unchanged = self.unchanged + passed if before is not None and before.beat == now.beat else 0.0
        self.sign = now
        return self.failure("hung") if self.unchanged >= limit else None

    def failure(self, how: str, what: str = "") -> Failure:
        """A failure that was seen just now."""
        return Failure(self.name, how, time.time(), what)  # type: ignore[arg-type]

    @property
    def is_lost(self) -> bool:
        """Whether it has ended because some other rank did not answer."""
        return self.sign is not None and self.sign.end is not None and self.sign.end.how == "lost"

    def kill(self) -> None:
        """End its process, if that runs here."""
        if self.sign is not None:
            self.sign.kill()


def meaning(code: int) -> str:
    """The exit code of a process, in words."""
    if code > 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
