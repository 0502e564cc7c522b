"""How far a sweep has come: whether it runs, and how many of its runs are in which state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genlab.contracts import CheckpointError
from genlab.runs.heartbeat import is_locked
from genlab.sweeps.content import content_of
from genlab.sweeps.folder import FILE, SweepFolder
from genlab.sweeps.trials import Trial
from genlab.sweeps.words import plural

ORDER = ("finished", "pruned", "failed", "interrupted", "preempted", "running", "waiting")


@dataclass(frozen=True)
class Progress:
    """A sweep as it is now.

    Attributes:
        state: ``finished`` if nothing is left to do, ``running`` if a process starts its runs or one of them is trained,
            else ``interrupted``.
        counts: runs by state; those that are still to be chosen wait.
    """

    state: Literal["finished", "running", "interrupted"]
    counts: Counter[str]

    def __str__(self) -> str:
        """``3 of 24 runs finished, 1 failed, 2 running, 18 waiting``."""
        known = [*ORDER, *sorted(set(self.counts) - set(ORDER))]
        others = [f"{self.counts[state]} {state}" for state in known[1:] if self.counts[state]]
        done = f"{self.counts['finished']} of {plural(self.counts.total(), 'run')} finished"
        return ", ".join([done, *others])


def progress_of(folder: SweepFolder) -> Progress:
    """Read how far a sweep has come; nothing is written.

    Raises:
        CheckpointError: its record is cut or missing.
        ConfigError: so is its file.
        ValueError: a list of its trials is no JSON.
    """
    settings, trials = folder.settings(), folder.trials()
    counts = Counter(state_of_trial(folder, trial) for trial in trials)
    if settings.get("ended"):
        return Progress("finished", counts)
    counts["waiting"] += to_be_chosen(folder, settings, len(trials))
    is_running = is_locked(folder.path) or counts["running"] > 0
    return Progress("running" if is_running else "interrupted", counts)


def state_of_trial(folder: SweepFolder, trial: Trial) -> str:
    """What has become of a trial; ``unreadable`` if its summary cannot be read."""
    try:
        return folder.state(trial)
    except CheckpointError:
        return "unreadable"


def to_be_chosen(folder: SweepFolder, settings: Mapping[str, Any], known: int) -> int:
    """Runs that ``method: bayes`` has still to choose; the other methods have chosen all of theirs before the first starts."""
    _, content = content_of(folder.path / FILE)
    if content.get("method") != "bayes":
        return 0
    cap: int = settings.get("run_cap") or content.get("run_cap") or 0
    return max(0, cap * int(settings.get("replicates", 1)) - known)
