"""Errors: one clear message each, with the remedy."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class GenlabError(Exception):
    """An error shown to users as one message without a traceback. ``exit_code`` is the command's exit status."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One mistake: its key (``model.latent_dmi``), what is wrong, and what to type instead."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    {self.remedy}" if self.remedy else "")


class ConfigError(GenlabError):
    """The configuration is not valid; has every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = [Problem("", problems)] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(str(p) if p.where else p.what for p in self.problems))


class DataError(GenlabError):
    """A data set is missing, unreadable or not as described."""

    exit_code = 2


class Unreadable(DataError):
    """A file that is not what its name says, is damaged, is too large, or may not be read. ``what`` it should be."""

    def __init__(self, path: Path, why: object, what: str = "a picture") -> None:
        super().__init__(f"{path} cannot be read as {what} ({why}). Remove it, or go on without it: data.on_error=skip")
        self.path, self.why = path, str(why)


class CheckpointError(GenlabError):
    """A file is not a checkpoint, is damaged, or does not fit."""

    exit_code = 2


class NonFiniteLoss(GenlabError):
    """A loss became infinite or NaN; raised before the update, so the weights are still the last good ones."""


class NonFiniteImages(GenlabError):
    """Generated images hold NaN or infinite values, so that nothing can be said of them."""


class LostRank(GenlabError):
    """Another rank did not answer: it has ended, hangs, or was never there. Which one, and why, others may know."""


class RankFailed(GenlabError):
    """Another rank failed first. ``exit_code`` is that rank's."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Stopped(BaseException):
    """A signal stopped the run. Exit codes: 130 Ctrl-C, 143 SIGTERM, 75 SIGUSR1 (to be requeued).

    No ``Exception``: it may be raised anywhere, and no one who expects damaged files or the like may take it for that.
    """

    def __init__(self, exit_code: int, message: str = "stopped") -> None:
        super().__init__(message)
        self.exit_code = exit_code


def one_line(error: BaseException) -> str:
    """What went wrong, in one line: the message of an error of ours; of any other its kind, too."""
    ours = isinstance(error, GenlabError | Stopped)
    return " ".join((str(error) if ours else "".join(traceback.format_exception_only(error))).split())


def last_words(error: BaseException) -> str:
    """What a command says at its end that this error has ended."""
    if isinstance(error, GenlabError):
        return f"error: {error}" if error.exit_code in (1, 2) else str(error)
    if isinstance(error, Stopped | KeyboardInterrupt):
        return str(error) or "stopped"
    return f"failed: {one_line(error)}"
