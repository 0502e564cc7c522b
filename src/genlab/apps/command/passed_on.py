"""Commands that start runs: which of the typed overrides are theirs, and which go on to the runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from genlab.config.keys import key_of, root_of
from genlab.config.root_schema import ROOTS
from genlab.contracts import ConfigError, Problem

PASSING_ON = ("sweep",)
BOTH = ("paths", "trust")  # roots that the runs need as well
OWN_OF_A_RUN = ("resume", "run_id", "check_only")  # keys of train.py that the sweep sets for each run


def own(command: str, overrides: Iterable[str]) -> list[str]:
    """The overrides of the command itself."""
    return [text for text in overrides if root_of(text) in ROOTS[command]]


def passed_on(command: str, overrides: Iterable[str]) -> list[str]:
    """The overrides for the runs that the command starts.

    Raises:
        ConfigError: a key is neither the command's nor one of ``train.py``.
    """
    rest = [text for text in overrides if root_of(text) not in ROOTS[command] or root_of(text) in BOTH]
    known = [*ROOTS["train"], "experiment", "remedy", "hydra"]
    if problems := [unknown(text, [*ROOTS[command], *known]) for text in rest if root_of(text) not in known]:
        raise ConfigError(problems)
    if problems := [each(text) for text in rest if key_of(text) in OWN_OF_A_RUN]:
        raise ConfigError(problems)
    return rest


def unknown(text: str, known: Iterable[str]) -> Problem:
    """The problem of a key that nobody knows."""
    near = difflib.get_close_matches(root_of(text), known, n=1)
    remedy = f"Did you mean {text.replace(root_of(text), near[0], 1)} ?" if near else "--help lists the keys."
    return Problem(text, "there is no such key", remedy)


def each(text: str) -> Problem:
    """The problem of a key that every run has a value of its own for."""
    return Problem(text, "each run of a sweep has its own", "Leave it out.")
