"""One run as the report knows it: what its folder says of it, as far as that can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from genlab.contracts import CheckpointError
from genlab.metrics.names import is_aside
from genlab.pages.report.curves import Curves, read_curves
from genlab.runs.directory import CONFIG, OVERRIDES
from genlab.runs.heartbeat import state_of
from genlab.runs.summary import FINISHED, NAME, read_summary

UNREADABLE = "unreadable"
WITH_SIGMA = ("gaussian", "laplace")  # likelihoods
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast


@dataclass(frozen=True)
class Record:
    """A run.

    Args:
        path: its directory.
        label: the directory as the report names it, unlike any other's.
        state: as ``runs.heartbeat`` has it, or ``unreadable``.
        summary: ``summary.json``; empty where that cannot be read.
        config: ``config.yaml`` by dotted keys: ``{"model.beta": 4.0}``.
        typed: the overrides of its command line.
        curves: ``metrics.csv``.
        faults: what could not be read, in words.
    """

    path: Path
    label: str
    state: str
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    curves: Curves = field(default_factory=Curves)
    faults: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self.state == FINISHED

    @property
    def model(self) -> str:
        """Which model it is."""
        return str(self.summary.get("model") or self.config.get("choices.model") or "?")

    @property
    def data(self) -> str:
        """Which data set it was trained on."""
        return str(self.summary.get("data") or self.config.get("choices.data") or "?")

    @property
    def images(self) -> str:
        """What tells the images of its data set from others: the digest, where it is known."""
        return str(self.summary.get("data_digest") or self.data)

    @property
    def likelihood(self) -> str:
        """What is said of the pixels, on which numbers in nats depend: ``gaussian learned``, ``bernoulli dynamic``."""
        kind = self.config.get("model.likelihood")
        scale = self.config.get("model.sigma") if kind in WITH_SIGMA else None
        return " ".join(str(part) for part in (kind, scale, self.config.get("data.binarize")) if part is not None)

    @property
    def seed(self) -> int | None:
        """The seed."""
        found = self.config.get("seed", self.summary.get("seed"))
        return found if isinstance(found, int) else None

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers of images, of parameters, and of images behind a metric."""
        return mapping(self.summary.get("counts"))

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The metrics of its last weights, and what stands beside them; of an unfinished run the last that it has logged."""
        reached = {name: last for name, last in self.curves.last.items() if not name.startswith("train/")}
        told = mapping(self.summary.get("metrics"))
        return reached | {name: value for name, value in told.items() if is_number(value)}

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The metrics alone, without standard errors and the like."""
        return {name: value for name, value in self.numbers.items() if not is_aside(name, self.numbers)}


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one: a summary may have been edited by hand."""
    return value if isinstance(value, dict) else {}


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_record(path: Path, label: str) -> Record:
    """Read a run; what cannot be read is among its faults, and never an error."""
    faults: list[str] = []
    summary, state = read_state(path, faults)
    config = read_config(path / CONFIG, faults)
    curves, broken = read_curves(path / "metrics.csv")
    return Record(path, label, state, summary, config, read_typed(path / OVERRIDES), curves, (*faults, *broken))


def read_state(path: Path, faults: list[str]) -> tuple[dict[str, Any], str]:
    """The summary, and what the run is in."""
    try:
        return read_summary(path / NAME), state_of(path)
    except CheckpointError as error:
        missing = not (path / NAME).exists()
        told = str(error).partition(". Start a new run")[0].replace(f"{path}/", "")
        faults.append(f"{NAME} is missing" if missing else told)
        return {}, state_or_unreadable(path)


def state_or_unreadable(path: Path) -> str:
    """What a run is in whose summary cannot be read: its lock may still tell that it is being trained."""
    try:
        return state_of(path)
    except CheckpointError:
        return UNREADABLE


def read_config(path: Path, faults: list[str]) -> dict[str, Any]:
    """``config.yaml`` by dotted keys."""
    try:
        with open(path, encoding="utf-8") as file:
            plain = yaml.load(file, LOADER)  # noqa: S506 - one of the two safe loaders
        if isinstance(plain, dict):
            return dict(flattened(plain))
        faults.append(f"{path.name} is no group of keys")
    except FileNotFoundError:
        faults.append(f"{path.name} is missing")
    except (OSError, ValueError, yaml.YAMLError) as error:
        faults.append(f"{path.name} cannot be read ({' '.join(str(error).split())})")
    return {}


def flattened(node: dict[Any, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Keys with dots, and what is no group; an empty group is a value."""
    found: list[tuple[str, Any]] = []
    for key, value in node.items():
        where = f"{prefix}{key}"
        found += flattened(value, f"{where}.") if isinstance(value, dict) and value else [(where, value)]
    return found


def read_typed(path: Path) -> tuple[str, ...]:
    """The overrides as they were typed; none where the file is not there."""
    try:
        return tuple(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return ()
