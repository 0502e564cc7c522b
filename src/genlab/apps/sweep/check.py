"""Checks trials against the configuration of ``train`` before any of them starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.paths import prepare
from genlab.apps.command.run import configuration
from genlab.config.keys import key_of
from genlab.config.trust import targets
from genlab.console import progress
from genlab.contracts import ConfigError, GenlabError, Problem
from genlab.sweeps.space import override
from genlab.sweeps.trials import Trial, suffix, with_overrides, words

FEW = 3  # trials that are checked in about a second


class Check:
    """Composes trials, and keeps one configuration for each kind of run and for each data set among them.

    Of trials that differ in their seeds alone one is composed, and every seed once.

    Args:
        typed: the overrides for every trial.
        config_dir: the user's own YAML files.
    """

    def __init__(self, typed: Sequence[str], config_dir: Path | None) -> None:
        self.typed, self.config_dir = list(typed), config_dir
        self.named = any(key_of(text) == "name" for text in typed)
        self.names: dict[tuple[str, ...], str] = {}  # by the overrides, those of the seed left out
        self.seeds: set[int] = set()
        self.kinds: dict[str, DictConfig] = {}  # of runs that log the same metrics
        self.sets: dict[str, DictConfig] = {}
        self.dimensions: int | None = None  # numbers in one image, where it is the same in all data sets

    def all(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials with their overrides.

        Raises:
            ConfigError: with every problem once, and the first trial that has it.
        """
        problems: dict[tuple[str, str], list[tuple[Problem, Trial]]] = {}
        checked = []
        with progress("checking the cells", len(trials), shown=len(trials) > FEW, unit="cells") as advance:
            for trial in trials:
                try:
                    checked.append(self.one(trial))
                except GenlabError as error:
                    for problem in error.problems if isinstance(error, ConfigError) else [Problem("", str(error))]:
                        problems.setdefault((problem.where, problem.what), []).append((problem, trial))
                advance()
        if problems:
            raise ConfigError(located(*found[0], len(found) == len(trials)) for found in problems.values())
        return checked

    def one(self, trial: Trial) -> Trial:
        """The trial with its overrides: those of every trial, its own, its seed and its name.

        Raises:
            ConfigError: with its problems.
        """
        overrides = [text for text in self.typed if key_of(text) not in trial.values]
        overrides += [override(key, value) for key, value in trial.values.items() if key != "seed"]
        run = tuple(overrides)
        overrides.append(f"seed={trial.seed}")
        if run not in self.names or trial.seed not in self.seeds:
            cfg = configuration("train", overrides, self.config_dir).cfg
            self.kinds.setdefault(kind_of(cfg), cfg)
            self.sets.setdefault(str(OmegaConf.to_container(cfg.data, resolve=True)), cfg)
            self.names[run] = cfg.name
            self.seeds.add(trial.seed)
        if not self.named and "name" not in trial.values:
            overrides.append(f"name={self.names[run]}{suffix(without_choices(trial.values))}")
        return with_overrides(trial, [*overrides, "resume=auto"])

    def devices(self) -> int:
        """The most processes that a trial starts on one machine."""
        counts = [cfg.trainer.devices for cfg in self.kinds.values()]
        return max((count for count in counts if isinstance(count, int)), default=1)

    def nodes(self) -> int:
        """The most machines that a trial takes."""
        return max((cfg.trainer.num_nodes for cfg in self.kinds.values()), default=1)

    def prepare(self) -> None:
        """Prepare every data set of the trials, before any of them starts.

        Raises:
            DataError: one is missing or damaged.
        """
        found = {math.prod(prepare(cfg).spec.shape) for cfg in self.sets.values()}
        self.dimensions = found.pop() if len(found) == 1 else None


def kind_of(cfg: DictConfig) -> str:
    """What two runs share if they log the same metrics: the code of the model, the data set, the evaluators."""
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    return str([list(targets(plain["model"])), plain["choices"]["data"], plain["metrics"]])


def without_choices(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the usual name of a run, ``<model>-<data>``, does not contain, but for the seed."""
    return {key: value for key, value in values.items() if key not in ("model", "data", "seed")}


def located(problem: Problem, trial: Trial, everywhere: bool) -> Problem:
    """The problem, with the values of the first trial that has it; without them if all have it, or its key says them."""
    if everywhere or not trial.values or key_of(problem.where) in trial.values:
        return problem
    return Problem(f"{problem.where} (with {words(trial.values)})", problem.what, problem.remedy)
