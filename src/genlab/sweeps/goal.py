"""What a sweep improves, and when it gives up a run: the keys ``metric`` and ``early_terminate`` of a sweep file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from genlab.config.words import listed, near
from genlab.contracts import Problem
from genlab.sweeps.parameters import is_number, is_whole

GOALS = ("minimize", "maximize")


@dataclass(frozen=True)
class Metric:
    """What a sweep improves. ``target``: once a run reaches it, no further one starts."""

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    target: float | None = None

    def reached(self, value: float) -> bool:
        """Whether ``value`` is as good as the target."""
        if self.target is None:
            return False
        return value <= self.target if self.goal == "minimize" else value >= self.target


@dataclass(frozen=True)
class Hyperband:
    """When a run is stopped early (Li et al., 2018). Iterations are validations.

    Args:
        min_iter: the first iteration at which runs are compared; then at ``eta``, ``eta ** 2`` … times as many.
        max_iter: in place of ``min_iter``: the last iteration; runs are compared ``s`` times before it.
        eta: the best 1/eta go on.
        strict: a setting of W&B's; Optuna's pruner has none.
    """

    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: int = 3
    strict: bool = True

    @property
    def first(self) -> int:
        """The first iteration at which runs are compared."""
        if self.min_iter is not None:
            return self.min_iter
        return max(int((self.max_iter or 1) / self.eta ** (self.s or 0)), 1)


def read_metric(keys: Any) -> Metric | list[Problem]:
    """The goal, or the mistakes in its keys."""
    known = ("name", "goal", "target")
    if not isinstance(keys, dict):
        return [Problem("", f"{keys} is no group of keys", f"Write: metric: {{name: {keys}, goal: minimize}}")]
    mistakes = [unknown(key, known) for key in keys if key not in known]
    if not isinstance(keys.get("name"), str):
        mistakes.append(Problem("name", "must be given", "Write: name: …   the name of a metric that the runs log"))
    if (goal := keys.get("goal", "minimize")) not in GOALS:
        mistakes.append(Problem(f"goal={goal}", "must be minimize or maximize", meant(goal, GOALS)))
    if "target" in keys and not is_number(keys["target"]):
        mistakes.append(Problem(f"target={keys['target']}", "must be a number"))
    return mistakes or Metric(**keys)


def read_hyperband(keys: Any) -> Hyperband | list[Problem]:
    """When runs are stopped, or the mistakes in the keys."""
    known = ("type", "min_iter", "max_iter", "s", "eta", "strict")
    if not isinstance(keys, dict):
        return [Problem("", f"{keys} is no group of keys", "Write: early_terminate: {type: hyperband, min_iter: 3}")]
    if (kind := keys.get("type")) != "hyperband":
        return [Problem(f"type={kind}", "there is only hyperband", "Write: type: hyperband")]
    mistakes = [unknown(key, known) for key in keys if key not in known] + list(wrong_iterations(keys))
    return mistakes or Hyperband(**{key: value for key, value in keys.items() if key != "type"})


def wrong_iterations(keys: dict[str, Any]) -> Iterator[Problem]:
    """The mistakes in the numbers of ``early_terminate``."""
    for key in ("min_iter", "max_iter", "s", "eta"):
        least = 2 if key == "eta" else 1
        if key in keys and not (is_whole(keys[key]) and keys[key] >= least):
            yield Problem(f"{key}={keys[key]}", f"must be a whole number, at least {least}")
    if not isinstance(keys.get("strict", True), bool):
        yield Problem(f"strict={keys['strict']}", "must be true or false")
    if "min_iter" in keys and "max_iter" in keys:
        yield Problem("max_iter", "stands beside min_iter", "Leave one out.")
    elif "min_iter" not in keys and not {"max_iter", "s"} <= keys.keys():
        yield Problem("", "does not say when runs are compared", "Write: min_iter: 3   or max_iter: 27 and s: 2")


def unknown(key: Any, known: tuple[str, ...]) -> Problem:
    """A key that is none of ``known``."""
    return Problem(str(key), "there is no such key", meant(key, known))


def meant(word: Any, known: tuple[str, ...]) -> str:
    """The word of ``known`` that was meant, else all."""
    found = near(str(word), known)
    return f"Did you mean {found} ?" if found else listed(str(word), known)
