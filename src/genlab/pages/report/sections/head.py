"""The top of the page: how many runs of what there are, what they are in, and what is wrong with which."""

from __future__ import annotations

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.state import badge, counted, why
from genlab.sweeps.words import plural

SHOWN = 12  # runs in trouble before the rest is folded


def head(content: Content) -> Markup:
    """Title, counts, trouble."""
    records = content.records
    models = sorted({record.model for record in records})
    sets = sorted({record.data for record in records})
    line = f"{plural(len(records), 'run')} of {plural(len(models), 'model')} on {plural(len(sets), 'data set')}"
    states = [element("li", None, badge(state), f" {count}") for state, count in counted(records)]
    return joined(
        [
            element("h1", None, content.title),
            element("p", {"class": "lead"}, line, ": ", ", ".join(models), " · ", ", ".join(sets)),
            element("ul", {"class": "states", "aria-label": "States of the runs"}, *states),
            trouble(content),
        ]
    )


def trouble(content: Content) -> Markup:
    """The runs that are not well, with the reason; nothing where all are."""
    items = [
        element("li", None, badge(record.state), " ", element("b", None, record.label), " ", reasons(said))
        for record in content.records
        if (said := why(record)) or record.state not in ("finished", "running", "waiting")
    ]
    if not items:
        return Markup()
    first, rest = items[:SHOWN], items[SHOWN:]
    more = [element("details", None, element("summary", None, f"{len(rest)} more"), element("ul", None, *rest))] if rest else []
    what = element("h2", {"id": "trouble"}, "Not as it should be")
    return element("section", {"class": "trouble", "aria-labelledby": "trouble"}, what, element("ul", None, *first), *more)


def reasons(said: list[str]) -> Markup:
    """The reasons, one after the other."""
    return element("span", {"class": "why"}, " · ".join(said))
