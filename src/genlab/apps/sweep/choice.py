"""How the trials of a sweep are chosen: all at the start (grid, random), or each from the results so far (bayes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genlab.contracts import ConfigError, Problem
from genlab.sweeps.space import corners, draws, grid
from genlab.sweeps.spec import SweepFile
from genlab.sweeps.trials import Trial, replicated

DRAWS = 10  # random trials that are checked before the first starts


@dataclass
class Choice:
    """What decides the trials: the file, the seed, how many settings, and how often each is trained.

    Args:
        cap: of settings; None for a grid: all.
    """

    file: SweepFile
    seed: int
    replicates: int
    cap: int | None

    def __post_init__(self) -> None:
        if self.file.method != "grid" and self.cap is None:
            what = f"method: {self.file.method} has no end"
            raise ConfigError([Problem("run_cap", what, "Type: run_cap=20, or write it into the file.")])
        seeds = self.file.parameters.get("seed")
        if self.replicates > 1 and seeds is not None and not seeds.is_fixed:
            raise ConfigError([Problem("replicates", "the file varies the seed itself", "Leave one of them out.")])

    def settings(self) -> list[dict[str, Any]]:
        """The settings that are known at the start: none of ``bayes``."""
        if self.file.method == "bayes":
            return []
        if self.file.method == "random":
            assert self.cap is not None
            return draws(self.file, self.cap, self.seed)
        return grid(self.file)[: self.cap]

    def trials(self) -> list[Trial]:
        """The runs that are known at the start."""
        return self.runs_of(self.settings())

    def to_check(self) -> list[Trial]:
        """Runs that stand for all that ``bayes`` may choose: the corners of the space, and random ones."""
        return self.runs_of([*corners(self.file), *draws(self.file, DRAWS, self.seed)])

    def runs_of(self, settings: Sequence[dict[str, Any]], first: int = 1) -> list[Trial]:
        """The runs of settings, which are numbered from ``first``.

        Raises:
            ConfigError: a seed of the file is not a whole number.
        """
        numbered = enumerate(map(self.varied, settings), first)
        return [
            run
            for number, values in numbered
            for run in replicated(number, values, self.first_seed(values), self.replicates)
        ]

    def first_seed(self, values: dict[str, Any]) -> int:
        """The seed of a setting's first run: the file's, where it has one."""
        seed = {**self.fixed(), **values}.get("seed", self.seed)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise ConfigError([Problem("seed", f"{seed!r} is no seed", "Write whole numbers, from 0 on.")])
        return seed

    def varied(self, values: dict[str, Any]) -> dict[str, Any]:
        """The varied values: those that the file fixes stand in the overrides of every trial."""
        return {key: value for key, value in values.items() if not self.file.parameters[key].is_fixed}

    def fixed(self) -> dict[str, Any]:
        """The values that are the same in every trial."""
        return {name: one.values[0] for name, one in self.file.parameters.items() if one.is_fixed}
