"""Which rank failed first, from what is known of each, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genlab.cluster.ranks.signs import End
from genlab.contracts import GenlabError, RankFailed, Stopped

CERTAIN = ("failed", "stopped", "died", "hung")


@dataclass(frozen=True)
class Failure:
    """What has happened to a rank.

    Attributes:
        how: it raised an error (failed), or left for a signal (stopped); its process is gone without a word (died); there
            is no sign of life (hung); it lives, but did not come where the others waited (silent); it never began (absent).
        when: seconds since 1970.
        what: the error, or what is known of its end.
        trace: the file of the traceback, if there is one.
    """

    rank: str
    how: Literal["failed", "stopped", "died", "hung", "silent", "absent"]
    when: float
    what: str = ""
    code: int = 1
    trace: str = ""

    @classmethod
    def of(cls, rank: str, end: End) -> Failure | None:
        """What a rank says of its end; None if that is no failure of its own."""
        if end.how in ("done", "lost"):
            return None
        return cls(rank, end.how, end.when, end.what, end.code, end.trace)  # type: ignore[arg-type]


def first(failures: Iterable[Failure]) -> Failure | None:
    """The earliest failure; one that is only inferred from what the others say counts where nothing is certain."""
    return min(failures, key=lambda failure: (failure.how not in CERTAIN, failure.when), default=None)


def sentence(failure: Failure, timeout: float, errors: Path) -> str:
    """The failure in words. ``errors``: the folder of the tracebacks."""
    told = {
        "failed": f"failed first: {failure.what}",
        "stopped": f"left first: {failure.what}",
        "died": f"died first ({failure.what or 'killed from outside: SIGKILL, or out of memory'}), without a traceback",
        "hung": f"hung: no sign of life for {timeout:g} s (performance.rank_timeout={timeout:g})",
        "silent": f"did not come to where the others waited, for {timeout:g} s (performance.rank_timeout={timeout:g})",
        "absent": f"has not begun within {timeout:g} s (performance.rank_timeout={timeout:g})",
    }[failure.how]
    trace = failure.trace or (str(errors / f"rank_{failure.rank}.txt") if failure.how == "silent" else "")
    where = {"failed": "The traceback is in", "silent": "Where it stands:"}.get(failure.how) if trace else None
    return f"rank {failure.rank} {told}" + (f"\n    {where} {trace}" if where else "")


def error_of(failure: Failure, timeout: float, errors: Path) -> GenlabError | Stopped:
    """What a rank raises that ends because of the failure of another one."""
    words = sentence(failure, timeout, errors)
    return Stopped(failure.code, words) if failure.how == "stopped" else RankFailed(words, failure.code)
