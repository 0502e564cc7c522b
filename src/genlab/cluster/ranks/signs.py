"""What a rank says of itself in ``<run>/.ranks/<rank>.json``: the file's time is its heartbeat, its text how it ended."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from genlab.files import read_json, replacing
from genlab.rank_environment import SIGNS

ALL = "all.json"  # the names of all ranks, which rank 0 knows
How = Literal["done", "stopped", "failed", "lost"]  # lost: only because another rank did not answer


@dataclass(frozen=True)
class End:
    """How a rank left: when (seconds since 1970), the error in one line, the exit code, and the file of the traceback."""

    how: How
    when: float
    what: str = ""
    code: int = 0
    trace: str = ""


@dataclass(frozen=True)
class Sign:
    """One reading of a rank's file. ``beat``: its time, in ns of the file system's clock."""

    where: str
    pid: int
    born: str
    beat: int
    end: End | None

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine (and of this container)."""
        return self.where == here()

    @property
    def is_alive(self) -> bool:
        """Whether the process exists; one elsewhere is believed to."""
        return not self.is_here or (exists(self.pid) and born(self.pid) == self.born)

    def kill(self) -> None:
        """SIGKILL, which also ends a stopped process, if it runs here."""
        if self.is_here and self.is_alive and os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)


class OwnSign:
    """The file of this rank."""

    def __init__(self, directory: Path, rank: str) -> None:
        self.path = directory / SIGNS / f"{rank}.json"
        self.facts: dict[str, Any] = {"where": here(), "pid": os.getpid(), "born": born(os.getpid()), "end": None}

    def beat(self) -> None:
        """Show that this process lives. Takes no room, so that a full disk changes nothing.

        Raises:
            OSError: the file system does not answer, or the file is gone: all is over and tidied up.
        """
        os.utime(self.path)

    def end(self, end: End) -> None:
        """Say how this rank ended, unless another run has taken the directory over meanwhile."""
        self.facts["end"] = asdict(end)
        kept = read(self.path.parent.parent, self.path.stem)
        if kept is not None and (kept.pid, kept.born) == (self.facts["pid"], self.facts["born"]):
            self.write()

    def write(self) -> None:
        """Write the file."""
        self.path.parent.mkdir(exist_ok=True)
        with replacing(self.path) as file:
            json.dump(self.facts, file)


def read(directory: Path, rank: str) -> Sign | None:
    """The sign of a rank; None if there is none yet. It is opened, since a network file system looks up its time only then.

    Raises:
        OSError: the file system does not answer.
    """
    try:
        with open(directory / SIGNS / f"{rank}.json", encoding="utf-8") as file:
            beat, facts = os.fstat(file.fileno()).st_mtime_ns, json.load(file)
    except (FileNotFoundError, ValueError):
        return None
    end = facts.pop("end")
    return Sign(**facts, beat=beat, end=None if end is None else End(**end))


def write_names(directory: Path, names: list[str]) -> None:
    """By rank 0: who is expected."""
    (directory / SIGNS).mkdir(exist_ok=True)
    with replacing(directory / SIGNS / ALL) as file:
        json.dump(names, file)


def read_names(directory: Path) -> list[str]:
    """Who is expected; empty as long as rank 0 has not said so."""
    try:
        names: list[str] = read_json(directory / SIGNS / ALL)
    except FileNotFoundError:
        return []
    return names


def all_done(directory: Path) -> bool:
    """Whether every rank has said that it is done.

    Raises:
        OSError: the file system does not answer.
    """
    signs = [read(directory, name) for name in read_names(directory)]
    return bool(signs) and all(sign is not None and sign.end is not None and sign.end.how == "done" for sign in signs)


# ---- processes ------------------------------------------------------------------------------------------------------


def here() -> str:
    """This machine, and in a container also its own numbering of processes."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def exists(pid: int) -> bool:
    """Whether there is such a process; not looked up where that would need a library (Windows)."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return facts_of(pid)[:1] != ["Z"]  # a zombie has ended, and its parent has not asked yet


def born(pid: int) -> str:
    """When a process began, in ticks of its machine, to tell it from a later one of the same number; empty if not known."""
    facts = facts_of(pid)
    return facts[19] if facts else ""


def facts_of(pid: int) -> list[str]:
    """What Linux says of a process, from its state on (proc(5), stat, field 3); empty elsewhere, or if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
