"""The table of runs: sortable, filterable, runs that differ only in their seed together in a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.columns import Column, alone, columns
from genlab.pages.report.content import Content
from genlab.pages.report.groups import Group
from genlab.sweeps.words import plural

HELP = "Words that a run must have; or metric<0.1, key=value, state=failed"


def runs(content: Content) -> Markup:
    """The section."""
    found = columns(content)
    several = any(len(group.runs) > 1 for group in content.groups)
    about = (
        "A heading sorts, and sorts the other way when pressed again. ± in a row of several seeds is the standard deviation "
        "over them; in a row of one run the standard error of its measurement, where it has one. Ticked runs are drawn below."
    )
    body = element("tbody", None, *(line for group in content.groups for line in lines(found, group)))
    table = element("table", {"id": "runs"}, element("thead", None, heads(found)), body)
    return element(
        "section",
        {"class": "runs", "aria-labelledby": "all"},
        element("h2", {"id": "all"}, "Runs"),
        element("p", None, about),
        bar(content, found, several),
        element("div", {"class": "wide tall", "tabindex": "0", "role": "region", "aria-label": "Table of runs"}, table),
    )


def bar(content: Content, found: list[Column], several: bool) -> Markup:
    """What is typed and chosen above the table."""
    field = {
        "id": "filter",
        "type": "search",
        "placeholder": HELP,
        "aria-label": f"Filter. {HELP}",
        "autocomplete": "off",
    }
    seeds = element("input", {"type": "checkbox", "id": "together", "checked": several, "disabled": not several})
    parts = [
        element("input", field),
        element("output", {"id": "count"}, plural(len(content.records), "run")),
        element("label", None, seeds, " seeds together"),
        menu(content, found),
    ]
    return element("div", {"class": "bar works"}, *parts)


def menu(content: Content, found: list[Column]) -> Markup:
    """Which columns are seen."""
    kinds = dict.fromkeys(column.kind for column in found)
    fields = [
        element(
            "fieldset",
            None,
            element("legend", None, kind),
            *(choice(i, one) for i, one in enumerate(found) if one.kind == kind),
        )
        for kind in kinds
    ]
    left = len(content.metrics) - sum(column.kind == "metrics" for column in found)
    more = f"{left} more metrics, which few runs have, are under “Two runs”, and known to the filter." if left else ""
    inside = element("div", None, *fields, element("p", None, more) if more else "")
    return element("details", {"class": "menu"}, element("summary", None, "columns"), inside)


def choice(number: int, column: Column) -> Markup:
    """A column to be ticked."""
    box = element("input", {"type": "checkbox", "data-column": number, "checked": column.open})
    return element("label", {"title": column.name}, box, " ", column.head)


def heads(found: list[Column]) -> Markup:
    """The first row."""
    tick = element("th", {"scope": "col", "class": "tick"}, element("span", {"class": "unseen"}, "drawn"))
    return element(
        "tr",
        None,
        tick,
        element("th", {"scope": "col", "aria-sort": "none"}, button("run", "run", 0)),
        *map(head, found),
    )


def head(column: Column) -> Markup:
    """The head of a column."""
    split, _, name = column.head.rpartition("/") if column.kind == "metrics" else ("", "", column.head)
    shown = joined([element("small", None, split) if split else "", name])
    own = {"scope": "col", "aria-sort": "none", "hidden": not column.open, "class": "n" if column.number else None}
    return element("th", own, button(column.name, shown, column.direction))


def button(name: str, shown: object, direction: int) -> Markup:
    """What sorts by a column; the better end comes first."""
    return element("button", {"type": "button", "data-name": name, "data-good": direction, "title": name}, shown)


def lines(found: list[Column], group: Group) -> Iterator[Markup]:
    """The rows of a group: one for all its seeds, where there are several, and one for each run."""
    if len(group.runs) > 1:
        yield line(found, group, "group")
    for one in alone(group):
        yield line(found, one, "run" if len(group.runs) == 1 else "run member")


def line(found: list[Column], group: Group, kind: str) -> Markup:
    """A row."""
    numbers = " ".join(map(str, group.runs))
    box = element("input", {"type": "checkbox", "checked": True, "aria-label": f"draw {group.label}"})
    tick = element("td", {"class": "tick works"}, element("label", None, box, element("i", {"class": "swatch"})))
    name = element("a", {"href": f"#run-{group.runs[0]}"}, group.label) if kind != "group" else opener(group)
    own = {"class": kind, "data-runs": numbers, "data-group": group.number}
    return element("tr", own, tick, element("th", {"scope": "row"}, name), *fields(found, group))


def opener(group: Group) -> Markup:
    """What shows the single runs of a group."""
    return element("button", {"type": "button", "class": "opener", "aria-expanded": "false"}, group.label)


def fields(found: Iterable[Column], group: Group) -> Iterator[Markup]:
    """The fields of a row."""
    for column in found:
        cell = column.of(group)
        own: dict[str, object] = {"class": "n" if column.number else None, "hidden": not column.open}
        own |= {"title": cell.title or None, "data-key": cell.key if cell.key != str(cell.shown) else None}
        yield element("td", own, cell.shown)
