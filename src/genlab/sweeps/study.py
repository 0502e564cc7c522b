"""The study of a sweep: which cell comes next, which run is stopped early, and which parameters matter. By Optuna.

A study is a list of results in memory. It is made anew from the run directories of a sweep; there is no database.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from genlab.random import keyed, keyed_number
from genlab.sweeps.coding import code, searched, value_of
from genlab.sweeps.space import Values, draw
from genlab.sweeps.spec import SweepFile

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

STARTUP = 10  # random cells before the first that follows from results
TRIES = 16  # proposals that have been run already, before a random one is taken
RANDOM_TRIES = 1000  # random cells that have been run already, before all are taken to have been
FEWEST = 4  # different scores for an importance
State = Literal["finished", "failed", "pruned"]


@dataclass(frozen=True)
class Told:
    """A result: the values of a cell, its score (None if it has none that is finite), and its values at validations."""

    values: Values
    score: float | None
    state: State
    curve: tuple[float, ...] = ()


class Study:
    """What is known of a sweep's cells.

    Args:
        file: the sweep file.
        seed: of the draws and proposals.
        startup: how many results there are before proposals follow from them.
    """

    def __init__(self, file: SweepFile, seed: int, startup: int = STARTUP) -> None:
        self.file, self.seed, self.startup = file, seed, startup
        self.told: dict[int, Told] = {}
        self.searched = {name: file.parameters[name] for name in file.varied}

    def tell(
        self,
        values: Values,
        score: float | None,
        state: State,
        intermediate: Mapping[int, float] | None = None,
        number: int | None = None,
    ) -> None:
        """Add a result.

        Args:
            values: of the cell.
            score: the metric; a finished cell without a finite one counts as failed.
            state: how the cell ended.
            intermediate: the metric at the validations, by their count.
            number: of the cell; the next one if not given. What is told in another order then leads to the same proposals.
        """
        finite = score if score is not None and math.isfinite(score) else None
        state = "failed" if state == "finished" and finite is None else state
        number = max(self.told, default=-1) + 1 if number is None else number
        self.told[number] = Told(values, finite, state, curve(intermediate or {}))

    # ---- the next cell ---------------------------------------------------------------------------------------------

    def ask(self, running: Sequence[Values] = ()) -> Values | None:
        """The next cell; None if there is none that has not been asked for.

        It is a function of the file, the seed, what has been told, and the values of the cells that are running: a study
        made anew goes on as the first one. No cell comes twice.
        """
        known = [self.key(one.values) for one in self.told.values()] + [self.key(values) for values in running]
        return next((values for values in self.proposals(running) if self.key(values) not in known), None)

    def proposals(self, running: Sequence[Values]) -> Iterator[Values]:
        """The first ``startup`` cells of a random sweep, then those of Optuna's sampler; random ones if these come twice."""
        number = len(self.told) + len(running)
        if len(self.told) < self.startup:
            yield draw(self.file, keyed("sweep", self.seed, number))
        else:
            study = self.searching(running, number)
            for _ in range(TRIES):
                yield self.values(study.ask(self.distributions()).params)
        for again in range(RANDOM_TRIES):
            yield draw(self.file, keyed("sweep", self.seed, number, "again", again))

    def searching(self, running: Sequence[Values], number: int) -> optuna.Study:
        """Optuna's study of the results, with a sampler seeded for cell ``number``."""
        optuna = quiet_optuna()
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=0,
            multivariate=True,  # looks at all parameters together
            constant_liar=True,  # keeps away from what is running
            seed=keyed_number("sweep", self.seed, number, "proposal") % 2**32,
        )
        study = optuna.create_study(sampler=sampler, direction=self.direction)
        study.add_trials([self.trial(self.told[k]) for k in sorted(self.told)])
        study.add_trials([self.trial(Told(values, None, "failed"), running=True) for values in running])
        return study

    def trial(self, told: Told, running: bool = False) -> FrozenTrial:
        """A result as Optuna takes it.

        A failed cell is one that was stopped before any validation: worse than all others, as it counts at W&B, so that
        the search turns away from where runs fail. Optuna's own state for it would leave it out.
        """
        from optuna.trial import TrialState, create_trial

        state = TrialState.COMPLETE if told.state == "finished" else TrialState.PRUNED
        seen = dict(enumerate(told.curve, 1)) if told.state == "pruned" else {}
        return create_trial(
            state=TrialState.RUNNING if running else state,
            value=told.score if told.state == "finished" else None,
            params={name: code(parameter, told.values[name]) for name, parameter in self.searched.items()},
            distributions=self.distributions(),
            intermediate_values={step: value for step, value in seen.items() if not math.isnan(value)},
        )

    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions of the varied parameters' codes."""
        return {name: searched(parameter) for name, parameter in self.searched.items()}

    def values(self, codes: Mapping[str, Any]) -> Values:
        """The values of a proposal, and those of the fixed parameters."""
        return {
            name: value_of(parameter, codes[name]) if name in codes else parameter.values[0]
            for name, parameter in self.file.parameters.items()
        }

    def key(self, values: Values) -> str:
        """What two equal cells share."""
        return repr([code(parameter, values[name]) for name, parameter in self.searched.items()])

    @property
    def direction(self) -> str:
        """The goal of the file."""
        return self.file.metric.goal if self.file.metric else "minimize"

    # ---- stopping early --------------------------------------------------------------------------------------------

    def should_prune(
        self, number: int, intermediate: Mapping[int, float], running: Mapping[int, Mapping[int, float]] | None = None
    ) -> bool:
        """Whether ``early_terminate`` stops a running cell, by Hyperband (Li et al., 2018) over asynchronous halving.

        Args:
            number: of the cell; it decides the bracket.
            intermediate: the metric at its validations so far, by their count.
            running: the same of the other running cells, by their number.
        """
        band = self.file.early_terminate
        others = {k: told.curve for k, told in self.told.items() if k != number}
        longest = band.max_iter if band and band.max_iter else self.longest()
        if band is None or longest is None or len(intermediate) < band.first:
            return False
        others |= {k: curve(seen) for k, seen in (running or {}).items() if k != number}
        optuna = quiet_optuna()
        pruner = optuna.pruners.HyperbandPruner(band.first, max(longest, band.first), band.eta)
        study = optuna.create_study(study_name=f"sweep {self.seed}", direction=self.direction, pruner=pruner)
        compared = [band.first * band.eta**k for k in range(64) if band.first * band.eta**k <= longest]
        for k in range(max([number, *others]) + 1):
            trial = study.ask()  # its number is k
            if k != number:
                judged(trial, others.get(k, ()), compared)
            else:
                own = trial
        return judged(own, curve(intermediate), compared)

    def longest(self) -> int | None:
        """The most validations of a finished cell; None if there is none: then nothing is stopped yet."""
        return max(
            (len(told.curve) for told in self.told.values() if told.state == "finished" and told.curve), default=None
        )


def judged(trial: optuna.Trial, values: Sequence[float], compared: Sequence[int]) -> bool:
    """Report the values of a cell at the validations at which cells are compared; whether the last one stops it."""
    stopped = False
    for count in compared:
        if count <= len(values):
            trial.report(values[count - 1], count)
            stopped = trial.should_prune()
    return stopped


def curve(intermediate: Mapping[int, float]) -> tuple[float, ...]:
    """The values in the order of the validations."""
    return tuple(intermediate[count] for count in sorted(intermediate))


def quiet_optuna() -> Any:
    """Optuna without its lines on every trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


# ---- which parameters matter ----------------------------------------------------------------------------------------


class Scored(Protocol):
    """A row of the table of cells."""

    @property
    def values(self) -> Values: ...  # noqa: D102

    @property
    def metrics(self) -> Mapping[str, float]: ...  # noqa: D102

    @property
    def state(self) -> str: ...  # noqa: D102


def importance(file: SweepFile, rows: Iterable[Scored]) -> dict[str, float]:
    """The share of each varied parameter in the order of the cells by the goal, by fANOVA (Hutter et al., 2014).

    fANOVA explains the variance of what it is given. That is the rank, not the score: one run that has diverged would have
    nearly all the variance of the scores. Shares are of each parameter by itself; they add up to 1, the largest comes
    first. Empty if there is no goal, or too few finished cells to tell.
    """
    if file.metric is None:
        return {}
    study = Study(file, 0)
    for row in rows:
        if row.state == "finished":
            study.tell(row.values, row.metrics.get(file.metric.name), "finished")
    scores = sorted({told.score for told in study.told.values() if told.score is not None})
    if len(scores) < FEWEST or not study.searched:
        return {}
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    found = get_param_importances(
        study.searching((), 0),
        evaluator=FanovaImportanceEvaluator(seed=0),
        target=lambda trial: float(scores.index(trial.values[0])),
    )
    return {name: float(share) for name, share in found.items()}
