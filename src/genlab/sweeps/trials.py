"""The trials of a sweep: one setting of its parameters each, trained once or with several seeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

LONGEST = 80  # characters that the varied values add to a name
UNFIT = re.compile(r"[^A-Za-z0-9_.+-]+")  # what no name may contain


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Args:
        number: of the setting, from 1.
        values: the varied parameters.
        seed: of the run.
        replicate: 0, or 1, 2 … for the further seeds of the same setting.
        replicates: how many runs the setting has.
        overrides: of ``train``, complete; empty until the trial has been checked.
    """

    number: int
    values: dict[str, Any]
    seed: int
    replicate: int = 0
    replicates: int = 1
    overrides: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name of its folder in the sweep's: ``7``, or ``7-seed_2`` if there are several seeds."""
        return f"{self.number}" if self.replicates == 1 else f"{self.number}-seed_{self.seed}"

    def plain(self) -> dict[str, Any]:
        """As a dict of plain values, for JSON."""
        return asdict(self) | {"overrides": list(self.overrides)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Trial:
        """The inverse of ``plain``."""
        return cls(**{**plain, "overrides": tuple(plain["overrides"])})


def replicated(number: int, values: Mapping[str, Any], seed: int, replicates: int) -> list[Trial]:
    """The runs of one setting, with the seeds ``seed``, ``seed + 1`` …"""
    return [Trial(number, dict(values), seed + r, r, replicates) for r in range(replicates)]


def with_overrides(trial: Trial, overrides: Iterable[str]) -> Trial:
    """The trial with its overrides of ``train``."""
    return replace(trial, overrides=tuple(overrides))


def words(values: Mapping[str, Any]) -> str:
    """The values as they are shown: ``model.beta=4 model.latent_dim=8``."""
    return " ".join(f"{key}={value}" for key, value in values.items())


def suffix(values: Mapping[str, Any]) -> str:
    """What makes a run's name its own: ``-beta_4-latent_dim_8``."""
    parts = (re.split("[./@]", key)[-1] + "_" + UNFIT.sub("_", str(value)).strip("_") for key, value in values.items())
    return "".join(f"-{part}" for part in parts)[:LONGEST]
