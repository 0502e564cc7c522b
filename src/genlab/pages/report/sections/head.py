"""The top of the page: how many runs of what there are, what they are in, and what is wrong with which."""

from __future__ import annotations

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.record import Record
from genlab.pages.report.state import MEANS, alarms, badge, counted, why
from genlab.sweeps.words import plural

WELL = ("finished", "running", "waiting")
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
    """The runs that are not well, with the reason, and the alarms of the others, folded; nothing where all are well."""
    ill = [
        item(one, why(one) or [MEANS.get(one.state, "")])
        for one in content.records
        if why(one) or one.state not in WELL
    ]
    warned = [item(one, said) for one in content.records if (said := alarms(one))]
    if not ill and not warned:
        return Markup()
    what = element("h2", {"id": "trouble"}, "Not as it should be" if ill else "Alarms")
    shown = [element("ul", None, *ill[:SHOWN])] if ill else []
    folds = [
        folded(f"{len(ill) - SHOWN} more", ill[SHOWN:]),
        folded(f"alarms in {plural(len(warned), 'training')}", warned),
    ]
    return element("section", {"class": "trouble", "aria-labelledby": "trouble"}, what, *shown, *folds)


def item(record: Record, said: list[str]) -> Markup:
    """A run and the reasons, one after the other."""
    reasons = element("span", {"class": "why"}, " · ".join(said))
    return element("li", None, badge(record.state), " ", element("b", None, record.label), " ", reasons)


def folded(words: str, items: list[Markup]) -> Markup:
    """Items that are seen when they are asked for."""
    return element("details", None, element("summary", None, words), element("ul", None, *items)) if items else Markup()
