"""Runs that differ in nothing but their seed are one row: mean and standard deviation over the seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev

from genlab.metrics.names import SE
from genlab.pages.report.record import Record

ASIDE = ("paths.", "logger.", "callbacks.progress.", "performance.", "checkpoint.", "choices.logger")  # of no result
NOT_COMPARED = {"seed", "name", "run_id", "resume", "check_only", "tags", "notes", "trust"}
CERTAIN = 2  # seeds from which on they have a spread


@dataclass(frozen=True)
class Group:
    """Runs of one configuration, a seed each.

    ``number`` is that of the group, ``runs`` those of its runs in the report's list; ``label`` is unlike any other's.
    """

    number: int
    label: str
    runs: tuple[int, ...]
    records: tuple[Record, ...]

    @cached_property
    def counted(self) -> tuple[Record, ...]:
        """The runs that its numbers are of: the finished ones, or all where none is; of equal seeds the last."""
        some = [record for record in self.records if record.finished] or list(self.records)
        return tuple({record.seed if record.seed is not None else record.label: record for record in some}.values())

    @property
    def finished(self) -> bool:
        """Whether at least one run is finished."""
        return any(record.finished for record in self.records)

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics that some counted run has."""
        return list(dict.fromkeys(name for record in self.counted for name in record.metrics))

    def values(self, metric: str) -> list[float]:
        """The metric of each counted run that has it."""
        return [record.metrics[metric] for record in self.counted if metric in record.metrics]

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds; None if no run has the metric."""
        found = self.values(metric)
        return fmean(found) if found else None

    def spread(self, metric: str) -> float | None:
        """The standard deviation over the seeds (n - 1); of a single one the standard error of its measurement, if known."""
        found = self.values(metric)
        if len(found) >= CERTAIN:
            return stdev(found)
        errors = [record.numbers[metric + SE] for record in self.counted if metric + SE in record.numbers]
        return errors[0] if found and errors else None


def beginning(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    first, last = min(texts), max(texts)
    same = (i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, min(len(first), len(last)))]


def compared(config: dict[str, object]) -> dict[str, object]:
    """The keys of a configuration on which a result may depend, but for the seed."""
    return {key: value for key, value in config.items() if key not in NOT_COMPARED and not key.startswith(ASIDE)}


def grouped(records: Sequence[Record]) -> list[Group]:
    """The groups in order of their first run. A run whose configuration cannot be read is one by itself."""
    members: dict[str, list[int]] = {}
    for number, record in enumerate(records):
        same = json.dumps([record.images, sorted(compared(record.config).items())], default=str)
        members.setdefault(same if record.config else record.label, []).append(number)
    labels = labels_of([[records[number].label for number in numbers] for numbers in members.values()])
    return [
        Group(i, label, tuple(numbers), tuple(records[number] for number in numbers))
        for i, (label, numbers) in enumerate(zip(labels, members.values(), strict=True))
    ]


def labels_of(groups: Sequence[Sequence[str]]) -> list[str]:
    """A name for each group: that of its only run, or what those of several begin with if no other group's do."""
    brief = [f"{beginning(names)}* ({len(names)} runs)" if len(names) > 1 else names[0] for names in groups]
    return [
        label if brief.count(label) == 1 and not label.startswith("*") else f"{names[0]} and {len(names) - 1} more"
        for label, names in zip(brief, groups, strict=True)
    ]


def all_metrics(groups: Iterable[Group]) -> list[str]:
    """Every metric that a run has, by name."""
    return sorted({name for group in groups for record in group.records for name in record.metrics})
