"""What differs between configurations: the keys that have several values, and which runs have which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from genlab.config.keys import key_of
from genlab.pages.report.groups import ASIDE, NOT_COMPARED
from genlab.pages.report.record import Record
from genlab.sweeps.words import value_text

ABSENT = -1
PLACES = ("choices.model", "choices.data", "seed", "model", "data", "trainer", "choices", "")  # the order of keys
LEADING = PLACES[:3]
MEASURING = ("metrics.", "callbacks.", "trainer.check_val", "trainer.log_every")
TARGET = "._target_"
ALWAYS = ("seed",)  # told as any other key


@dataclass
class Difference:
    """A key with several values.

    Args:
        key: the key by its dots.
        values: each in words, in order of the runs that have it first.
        of_run: for each run the place of its value in ``values``; -1 where it has no such key.
        equal: further keys that part the runs in the same way by the same values.
        typed: whether somebody has typed it, or one of these.
    """

    key: str
    values: list[str]
    of_run: list[int]
    equal: list[str] = field(default_factory=list)
    typed: bool = False

    @property
    def everywhere(self) -> bool:
        """Whether every run whose configuration is known has the key."""
        return ABSENT not in self.of_run

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def runs(self, value: int) -> list[int]:
        """The runs that have a value."""
        return [run for run, found in enumerate(self.of_run) if found == value]


def differences(records: Sequence[Record]) -> list[Difference]:
    """The keys that differ, those that all runs have and those that were typed first; keys that say the same are told once.

    A run without a configuration has no part in it. A key that only some models have, with one value, follows from the model.
    """
    known = [record for record in records if record.config]
    keys = dict.fromkeys(key for record in known for key in record.config if told(key))
    found: dict[tuple[tuple[str, ...], tuple[int, ...]], Difference] = {}
    for key in sorted(keys, key=place):
        one = of(key, records)
        if one.count > 1:
            same = found.setdefault((tuple(one.values), tuple(one.of_run)), one)
            if same is not one:
                same.equal.append(key)
    whole = [run for run, record in enumerate(records) if record.config]
    typed = {key_of(text) for record in known for text in record.typed}
    for one in found.values():
        one.typed = bool(typed & {one.key, *one.equal})
    return sorted(found.values(), key=lambda one: weight(one, whole))


def weight(one: Difference, whole: Sequence[int]) -> tuple[bool, int, bool, bool]:
    """The order of keys: what all runs have, what leads, what does not only measure, what somebody has typed."""
    partly = any(one.of_run[run] == ABSENT for run in whole)
    leads = LEADING.index(one.key) if one.key in LEADING else len(LEADING)
    return partly, leads, one.key.startswith(MEASURING), not one.typed


def told(key: str) -> bool:
    """Whether a difference in this key is of interest."""
    return key in ALWAYS or (key not in NOT_COMPARED and not key.startswith(ASIDE))


def of(key: str, records: Sequence[Record]) -> Difference:
    """The values of a key over the runs."""
    values: dict[str, int] = {}
    of_run = []
    for record in records:
        if key in record.config:
            of_run.append(values.setdefault(in_words(key, record.config[key]), len(values)))
        else:
            of_run.append(ABSENT)
    return Difference(key, list(values), of_run)


def in_words(key: str, value: object) -> str:
    """A value as it is typed; of a class its name."""
    text = f"[{','.join(map(value_text, value))}]" if isinstance(value, list) else value_text(value)
    return text.rpartition(".")[2] if key.endswith(TARGET) else text


def place(key: str) -> tuple[int, bool, str]:
    """Where a key stands: model and data first, what measures and records last, and of each place classes last."""
    where = next(i for i, first in enumerate(PLACES) if key == first or key.startswith(f"{first}." if first else ""))
    return where, key.endswith(TARGET), key


def apart(one: int, other: int, found: Sequence[Difference]) -> list[Difference]:
    """The keys in which two runs differ."""
    return [difference for difference in found if difference.of_run[one] != difference.of_run[other]]
