"""Which is best, by how much, and what the next one does otherwise."""

from __future__ import annotations

from genlab.metrics.directions import own_direction
from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.differences import ABSENT, TARGET, Difference, apart
from genlab.pages.report.groups import Group
from genlab.pages.report.numbers import measured, of_group
from genlab.pages.report.winners import Winner, winners
from genlab.sweeps.words import plural, short_names, shortened, spread_decimals

OPEN = 6  # metrics of a data set before the rest is folded
WHY = 3  # keys that are named as what differs
HEAD = ("metric", "best", "", "next", "", "behind", "of", "the best has, the next has")


def best(content: Content) -> Markup:
    """The section: a table for each data set, and the place of the ranking that is drawn."""
    found = winners(content.groups)
    parts: list[object] = [element("div", {"id": "ranking"})]
    if not found:
        none = "No two finished runs share images and a metric of which one end is certainly the good one."
        parts = [element("p", None, none), *parts]
    for data in dict.fromkeys(one.data for one in found):
        some = [one for one in found if one.data == data]
        parts += [element("h3", None, data), table(content, some[:OPEN]), folded(content, some[OPEN:])]
    about = (
        "For each metric the best of the finished runs on the same images. ± is the standard deviation over seeds, where there "
        "are several; else the standard error of the measurement. “Within ±” says that the lead is no larger than that."
    )
    heading = element("h2", {"id": "best"}, "Which is best")
    return element("section", {"class": "best", "aria-labelledby": "best"}, heading, element("p", None, about), *parts)


def folded(content: Content, found: list[Winner]) -> Markup:
    """Metrics that are seen when they are asked for."""
    if not found:
        return Markup()
    return element("details", None, element("summary", None, plural(len(found), "more metric")), table(content, found))


def table(content: Content, found: list[Winner]) -> Markup:
    """A row for each metric."""
    head = element("tr", None, *(element("th", {"scope": "col"}, word) for word in HEAD))
    rows = [row(content, one) for one in found]
    return element("div", {"class": "wide"}, element("table", {"class": "plain"}, element("thead", None, head), *rows))


def row(content: Content, one: Winner) -> Markup:
    """The best and the next in one metric."""
    first, second = one.ranked[:2]
    decimals = spread_decimals((group.mean(one.metric) for group in one.ranked[:2]), digits=2)
    decimals = max(decimals, content.decimals[one.metric])
    lead = Markup("equal") if one.gap == 0 else measured(one.gap, decimals)
    within = [element("small", None, " within ±")] if one.within and one.gap else []
    split, _, name = one.metric.rpartition("/")
    arrow = element("span", {"class": "end", "title": better(one.metric)}, "↑" if one.sign > 0 else "↓")
    cells = [
        element(
            "th", {"scope": "row", "data-metric": one.metric}, name, " ", element("small", None, split), " ", arrow
        ),
        element("td", {"class": "winner"}, first.label),
        element("td", {"class": "n winner"}, of_group(first, one.metric, decimals)),
        element("td", {"class": "second"}, second.label),
        element("td", {"class": "n"}, of_group(second, one.metric, decimals)),
        element("td", {"class": "n gap"}, lead, *within),
        element("td", {"class": "n of"}, str(len(one.ranked))),
        element("td", {"class": "reason"}, reason(content, first, second)),
    ]
    return element("tr", None, *cells)


def better(metric: str) -> str:
    """Which end is good, in words."""
    return "higher is better" if own_direction(metric) > 0 else "lower is better"


def reason(content: Content, first: Group, second: Group) -> Markup:
    """The keys in which the best and the next differ, those that both have first: ``beta 4, 1``."""
    one, other = first.runs[0], second.runs[0]
    found = [found for found in apart(one, other, content.differences) if found.key != "seed"]
    if not content.records[one].config or not content.records[other].config:
        return Markup("not known")
    shared = [some for some in found if ABSENT not in (some.of_run[one], some.of_run[other])]
    shared = [some for some in shared if not some.key.endswith(TARGET)] or shared
    names = short_names([some.key for some in found])
    shown = [
        joined([element("code", None, names[some.key]), " ", value(some, one), ", ", value(some, other)])
        for some in shared[:WHY]
    ]
    left = len(found) - len(shown)
    more = [f"{left} more"] if left > 0 else []
    return joined([*shown, *more] or ["nothing but the seed"], "; ")


def value(difference: Difference, run: int) -> str:
    """The value of a run, short."""
    return shortened(difference.values[difference.of_run[run]], 18)
