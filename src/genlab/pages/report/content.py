"""Everything that the page shows, read once and handed to each of its sections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from genlab.metrics.directions import own_direction
from genlab.pages.report.differences import ABSENT, Difference, differences
from genlab.pages.report.groups import Group, all_metrics, grouped
from genlab.pages.report.pictures import Pictures, read_pictures
from genlab.pages.report.record import Record, read_record
from genlab.pages.report.sounds import Sounds, read_sounds
from genlab.pages.report.sweep import Sweep, members, sweeps_of
from genlab.pages.report.winners import weight
from genlab.sweeps.words import short_names, shortened, spread_decimals

VALUES = 3  # of a sweep in the label of a run
STAMP = re.compile(r"(?<=.)/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?(?=/|$)")  # a folder named by a time


@dataclass(frozen=True)
class Content:
    """What is shown.

    Args:
        title: what the report is of.
        records: the runs, in order of their labels.
        pictures: their pictures.
        sweeps: the sweeps that some of them belong to.
        sounds: what those of speech sound like.
        live: whether the page is served, and asks whether there is news.
    """

    title: str
    records: Sequence[Record]
    pictures: Pictures
    sweeps: Sequence[Sweep] = ()
    sounds: Sounds = field(default_factory=Sounds)
    live: bool = False

    @cached_property
    def groups(self) -> list[Group]:
        """The runs that differ only in their seed, together."""
        return grouped(self.records)

    @cached_property
    def differences(self) -> list[Difference]:
        """What differs between their configurations."""
        return differences(self.records)

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics of the table: those of the test first, and of each split those that are quoted."""
        splits = ("test", "val")
        place = {
            name: splits.index(split) if (split := name.partition("/")[0]) in splits else 2
            for name in all_metrics(self.groups)
        }
        return sorted(place, key=lambda name: (place[name], weight(name)))

    @cached_property
    def decimals(self) -> dict[str, int]:
        """How many decimals tell the values of a metric apart."""
        return {name: spread_decimals(group.mean(name) for group in self.groups) for name in self.metrics}

    @cached_property
    def directions(self) -> dict[str, int]:
        """Which end of each metric is good; 0 where that is not certain."""
        return {name: own_direction(name) for name in self.metrics}

    def group_of(self, run: int) -> Group:
        """The group of a run."""
        return next(group for group in self.groups if run in group.runs)


def read_content(runs: Sequence[Path], title: str, live: bool = False) -> Content:
    """Read all runs. ``runs``: their directories."""
    labels = labels_of(runs)
    records = [read_record(path, label) for path, label in sorted(zip(runs, labels, strict=True), key=by_label)]
    records = told_apart(records)
    pictures, sounds = read_pictures(records), read_sounds(records)
    records = [
        with_faults(record, pictures.broken.get(run, []), sounds.broken.get(run, []))
        for run, record in enumerate(records)
    ]
    return Content(title, records, pictures, sweeps_of(records), sounds, live)


def told_apart(records: Sequence[Record]) -> list[Record]:
    """The runs, those of a sweep with the values that it varies in their label: ``3`` becomes ``3 beta=4``."""
    found = list(records)
    for _, runs in members(records):
        varied = [one for one in differences([records[run] for run in runs]) if one.typed and one.key != "seed"][
            :VALUES
        ]
        names = short_names([one.key for one in varied])
        for i, run in enumerate(runs):
            values = [
                f" {names[one.key]}={shortened(one.values[one.of_run[i]], 16)}"
                for one in varied
                if one.of_run[i] != ABSENT
            ]
            found[run] = replace(found[run], label=found[run].label + "".join(values))
    return found


def with_faults(record: Record, pictures: Sequence[str], sounds: Sequence[str]) -> Record:
    """The run, with the files that are no pictures or sounds among its faults."""
    broken = [f"{name} is no picture" for name in pictures] + [f"{name} is no sound" for name in sounds]
    return replace(record, faults=(*record.faults, *broken))


def labels_of(runs: Sequence[Path]) -> list[str]:
    """The directories without what all of them begin with, and without the times where the rest tells them apart.

    ``sweeps/grid/2026-01-02_03-04-05/7`` is ``sweeps/grid/7`` if no other sweep of this name is here. Of a single run the
    two last names.
    """
    if len(runs) == 1:
        return ["/".join(runs[0].parts[-2:])]
    parts = [path.parts for path in runs]
    shared = next(i for i in range(min(map(len, parts)) + 1) if len({one[: i + 1] for one in parts}) > 1)
    whole = ["/".join(one[shared:]) or one[-1] for one in parts]
    counts = Counter(STAMP.sub("", label) for label in whole)
    return [brief if counts[brief := STAMP.sub("", label)] == 1 else label for label in whole]


def by_label(pair: tuple[Path, str]) -> list[tuple[int, int | str]]:
    """The order of runs: by name, in which numbers count as such, so that 2 comes before 10."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", pair[1])]
