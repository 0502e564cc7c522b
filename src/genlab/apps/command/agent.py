"""What a W&B agent types, as Hydra reads it: with the agent's id as the run's, and without what W&B has added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genlab.config.keys import key_of
from genlab.config.overrides import read
from genlab.console import say
from genlab.runs.wandb_agent import HIDDEN, agents_run_id, agents_values, is_repeated
from genlab.sweeps.space import override


def of_agent(overrides: list[str]) -> list[str]:
    """The overrides of a training that a W&B agent has started; outside of a sweep, those given.

    The run takes the agent's id. Where a run with that id was stopped, it goes on.
    """
    run_id, values = agents_run_id(), agents_values()
    if run_id is None:
        return overrides
    translated = [new for text in overrides if (new := translation(text, values)) is not None]
    if is_repeated(values) and (directory := started_before(run_id, translated, values)) is not None:
        say(f"resume    the sweep's run {run_id}, with what it was started with")
        translated = (directory / "overrides.txt").read_text(encoding="utf-8").splitlines()
    typed = set(map(key_of, translated))
    usual = {"run_id": run_id, "resume": "auto"}
    return [*translated, *(f"{key}={value}" for key, value in usual.items() if key not in typed)]


def translation(text: str, values: dict[str, Any]) -> str | None:
    """An override as Hydra reads it; None for what is no parameter of the sweep but a part of W&B's record."""
    key, typed = key_of(text), text.partition("=")[2]
    if key == HIDDEN:
        return None
    if is_repeated(values) and isinstance(values.get(key), dict) and typed.startswith("{"):
        return None  # a group, composed again
    if key not in values or typed != str(values[key]):
        return text  # the sweep file's own, beside the parameters
    return override(text.partition("=")[0], values[key])


def started_before(run_id: str, overrides: list[str], values: dict[str, Any]) -> Path | None:
    """The directory of the run with this id; None if there is none here."""
    typed = [str(item.value()) for item in read(overrides)[0] if item.key_or_group == "paths.runs"]
    runs = [values.get("paths", {}).get("runs", "runs"), *typed][-1]
    return next((path.parent for path in Path(runs).expanduser().glob(f"*/{run_id}/overrides.txt")), None)
