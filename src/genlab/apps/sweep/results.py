"""What follows from the results so far: the next trials of ``bayes``, which to end early, and whether one is good enough.

The study is made anew from the run directories whenever it is asked: there is no database, and nothing to lose.
"""

from __future__ import annotations

from itertools import groupby
from statistics import fmean
from typing import Any

from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.console import say
from genlab.contracts import ConfigError
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.history import history
from genlab.sweeps.study import State, Study
from genlab.sweeps.trials import Trial

ENDED = ("finished", "failed", "pruned")
REFUSED = 2  # exit code of a trial that its configuration does not allow


class Results:
    """The results in a sweep's folder, and what they decide."""

    def __init__(self, folder: SweepFolder, choice: Choice, check: Check) -> None:
        self.folder, self.choice, self.check = folder, choice, check
        self.goal = choice.file.metric
        self.exhausted = False  # there is no cell that has not been chosen
        self.looked: dict[str, int] = {}  # validations of each running trial when it was last judged

    # ---- the next trials -------------------------------------------------------------------------------------------

    def more(self) -> list[Trial]:
        """The runs of the next setting of ``bayes``, recorded and checked; none if there are enough."""
        if self.choice.file.method != "bayes" or self.exhausted:
            return []
        trials = self.folder.trials()
        count = len({trial.number for trial in trials})
        if count >= (self.choice.cap or 0):
            return []
        values = self.study().ask([self.all_values(runs[0]) for runs in self.under_way(trials)])
        if values is None:
            say(f"note      the file allows no more than these {count} cells")
            self.exhausted = True
            return []
        runs = self.choice.runs_of([values], first=count + 1)
        try:
            runs = self.check.all(runs)
        except ConfigError as error:
            return self.refused(runs, error)
        self.folder.append(runs)
        return runs

    def refused(self, runs: list[Trial], error: ConfigError) -> list[Trial]:
        """Record a setting that the configuration refuses as failed, and go on to the next."""
        say(f"failed    cell {runs[0].number}: {error}")
        self.folder.append(runs)
        for trial in runs:
            self.folder.write_code(trial, REFUSED)
        return self.more()

    def study(self) -> Study:
        """The study of all settings that have ended, in their order."""
        study = Study(self.choice.file, self.choice.seed)
        for runs in by_number(self.folder.trials()):
            states = {self.folder.state(trial) for trial in runs}
            if states <= set(ENDED):
                state: State = "failed" if "failed" in states else "pruned" if "pruned" in states else "finished"
                seen, first = self.validations(runs[0]), runs[0]
                study.tell(self.all_values(first), self.mean_score(runs), state, seen, first.number)
        return study

    def all_values(self, trial: Trial) -> dict[str, Any]:
        """The values of a trial, those that the file fixes included."""
        return {**self.choice.fixed(), **trial.values}

    def under_way(self, trials: list[Trial]) -> list[list[Trial]]:
        """The settings that have not ended."""
        return [runs for runs in by_number(trials) if {self.folder.state(trial) for trial in runs} - set(ENDED)]

    # ---- scores ----------------------------------------------------------------------------------------------------

    def mean_score(self, runs: list[Trial]) -> float | None:
        """The goal's mean over the finished runs of a setting."""
        scores = [score for trial in runs if (score := self.score(trial)) is not None]
        return fmean(scores) if scores else None

    def score(self, trial: Trial) -> float | None:
        """The goal of a run; None if it has none yet."""
        found: float | None = self.folder.summary(trial).get("metrics", {}).get(self.goal.name if self.goal else None)
        return found

    def validations(self, trial: Trial) -> dict[int, float]:
        """The goal at each validation of a run, which are counted from 1."""
        return dict(enumerate(history(self.folder.run_of(trial), self.goal.name if self.goal else ""), 1))

    # ---- decisions -------------------------------------------------------------------------------------------------

    def is_hopeless(self, trial: Trial) -> bool:
        """Whether ``early_terminate`` ends the running trial; it is judged once a validation."""
        if self.choice.file.early_terminate is None:
            return False
        seen = self.validations(trial)
        if len(seen) == self.looked.get(trial.key, 0):
            return False
        self.looked[trial.key] = len(seen)
        others = {runs[0].number: self.validations(runs[0]) for runs in self.under_way(self.folder.trials())}
        return self.study().should_prune(trial.number, seen, others)

    def is_reached(self) -> bool:
        """Whether a finished run is as good as the ``target`` of the file."""
        goal = self.goal
        if goal is None or goal.target is None:
            return False
        scores = (self.score(t) for t in self.folder.trials() if self.folder.state(t) == "finished")
        return any(goal.reached(score) for score in scores if score is not None)


def by_number(trials: list[Trial]) -> list[list[Trial]]:
    """The runs of each setting."""
    ordered = sorted(trials, key=lambda trial: (trial.number, trial.replicate))
    return [list(group) for _, group in groupby(ordered, key=lambda trial: trial.number)]
