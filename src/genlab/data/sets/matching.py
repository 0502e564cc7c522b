"""Which file of A belongs to which of B: by the whole name first, then by the name without its ending."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from genlab.data.files.listing import few

Files = dict[str, Path]  # by split and name, such as val/x/1.png
ALIKE: dict[str, Callable[[str], str]] = {  # what names may differ by, and what is left without it
    "upper and lower case": str.lower,
    "their Unicode form (NFC, NFD)": lambda name: unicodedata.normalize("NFC", name),
    "a suffix such as _A": lambda name: re.sub(
        r"[ _-]?([AB]|real|fake|input|target|label)$", "", name, flags=re.IGNORECASE
    ),
}


@dataclass
class Matched:
    """Pairs by a name that is theirs alone, and the files of each side that are in none.

    ``several``: names without ending that more than one file of a side has, so that no partner can be told.
    """

    pairs: dict[str, tuple[Path, Path]] = field(default_factory=dict)
    alone_a: Files = field(default_factory=dict)
    alone_b: Files = field(default_factory=dict)
    several: list[str] = field(default_factory=list)

    @property
    def alone(self) -> list[Path]:
        """The files of both sides that are in no pair."""
        return [*self.alone_a.values(), *self.alone_b.values()]

    def report(self, root: Path) -> str:
        """What is without a partner on either side, and why that may be; names are relative to ``root``."""
        told = []
        for side, other, files in (("A", "B", self.alone_a), ("B", "A", self.alone_b)):
            names = [path.relative_to(root).as_posix() for path in files.values()]
            if names:
                what = f"{len(names):,} file{'s' if len(names) > 1 else ''} of {side}"
                told.append(f"{what} without a partner in {other}: {few(names)}")
        if self.several:
            told.append(f"several files of one name, so that no partner can be told: {few(self.several)}")
        if near := self.alike():
            told.append(f"some names differ only by {near[0]}: {near[1]} and {near[2]}")
        return "; ".join(told)

    def alike(self) -> tuple[str, str, str] | None:
        """What makes names without a partner differ that are otherwise equal, with an example."""
        for difference, left in ALIKE.items():
            rest = {left(stem(name)): name for name in self.alone_b}
            for name in self.alone_a:
                if left(stem(name)) in rest:
                    return difference, name, rest[left(stem(name))]
        return None


def stem(name: str) -> str:
    """A name without its ending."""
    return str(PurePosixPath(name).with_suffix(""))


def match(a: Files, b: Files) -> Matched:
    """Pair the files of two folders."""
    found = Matched()
    whole = sorted(a.keys() & b.keys())
    rest_a, rest_b = by_stem(a.keys() - b.keys()), by_stem(b.keys() - a.keys())
    single = sorted(name for name in rest_a.keys() & rest_b.keys() if len(rest_a[name]) == len(rest_b[name]) == 1)
    found.several = sorted((rest_a.keys() & rest_b.keys()).difference(single))
    taken: set[str] = set()
    for name_a, name_b in [*((name, name) for name in whole), *((rest_a[n][0], rest_b[n][0]) for n in single)]:
        title = stem(name_a) if stem(name_a) not in taken else name_a
        taken.add(title)
        found.pairs[title] = (a[name_a], b[name_b])
    paired = {path for pair in found.pairs.values() for path in pair}
    found.pairs = dict(sorted(found.pairs.items()))
    found.alone_a = {name: path for name, path in sorted(a.items()) if path not in paired}
    found.alone_b = {name: path for name, path in sorted(b.items()) if path not in paired}
    return found


def by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by what is left of them without their ending."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        groups[stem(name)].append(name)
    return groups
