"""What differs between the configurations: each key with its values, which filter the runs."""

from __future__ import annotations

from collections.abc import Sequence

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.differences import ABSENT, Difference
from genlab.sweeps.words import plural, shortened

OPEN = 14  # keys that are seen without unfolding
VALUES = 12  # values of a key that are shown
LETTERS = 34


def differing(content: Content) -> Markup:
    """The section."""
    found = content.differences
    known = [run for run, record in enumerate(content.records) if record.config]
    if len(known) < 2:
        return section(element("p", None, "There are no two configurations to compare."))
    if not found:
        return section(element("p", None, "The configurations are equal."))
    everywhere = [one for one in found if all(one.of_run[run] != ABSENT for run in known)]
    partly = [one for one in found if one not in everywhere]
    about = "Keys that all runs have, and not all with the same value. A value, pressed, shows the runs that have it."
    parts = [element("p", None, about), listing(everywhere[:OPEN])]
    parts += [folded("more key", "of all runs", everywhere[OPEN:]), folded("key", "that only some models have", partly)]
    return section(*parts)


def section(*children: object) -> Markup:
    """The section with its heading."""
    heading = element("h2", {"id": "differences"}, "What differs")
    return element("section", {"class": "differing", "aria-labelledby": "differences"}, heading, *children)


def folded(what: str, whose: str, found: Sequence[Difference]) -> Markup:
    """Keys that are seen when they are asked for."""
    if not found:
        return Markup()
    return element("details", None, element("summary", None, f"{plural(len(found), what)} {whose}"), listing(found))


def listing(found: Sequence[Difference]) -> Markup:
    """The keys, a line each."""
    return element("dl", {"class": "facets"}, *(joined([name(one), values(one)]) for one in found))


def name(one: Difference) -> Markup:
    """The key; those that say the same stand behind it."""
    same = f" and {plural(len(one.equal), 'key')} alike" if one.equal else ""
    more = element("small", {"title": ", ".join(one.equal)}, same) if same else ""
    return element("dt", None, element("code", None, one.key), more)


def values(one: Difference) -> Markup:
    """The values, those of most runs first; what most runs have is plain, what others have stands out."""
    counts = sorted(((len(one.runs(value)), value) for value in range(one.count)), key=lambda item: (-item[0], item[1]))
    usual = counts[0][1] if counts[0][0] > counts[1][0] else None
    chips = [chip(one, value, count, value == usual) for count, value in counts[:VALUES]]
    left = len(counts) - VALUES
    return element("dd", None, joined(chips, " "), f" and {left} more" if left > 0 else "")


def chip(one: Difference, value: int, count: int, usual: bool) -> Markup:
    """A value with the number of its runs."""
    shown = shortened(one.values[value], LETTERS) or "''"
    runs = " ".join(map(str, one.runs(value)))
    own = {"type": "button", "class": "chip" if usual else "chip differs", "data-runs": runs, "aria-pressed": "false"}
    own["title"] = f"{one.key}={one.values[value]}"
    return element("button", own, shown, element("small", None, f" {count}"))
