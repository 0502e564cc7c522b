"""The sweeps that runs belong to: how far each has come, and the pictures that it has drawn of itself."""

from __future__ import annotations

from genlab.pages.html import Markup, element
from genlab.pages.report.content import Content
from genlab.pages.report.state import badge
from genlab.pages.report.sweep import Sweep
from genlab.sweeps.words import plural

MEANS = {
    "finished": "all its runs are done",
    "running": "a process starts its runs, or one of them is trained",
    "interrupted": "not all its runs are done, and none is trained",
}


def sweeps(content: Content) -> Markup:
    """The section; nothing where no run belongs to a sweep."""
    if not content.sweeps:
        return Markup()
    heading = element("h2", {"id": "sweeps"}, "Sweeps")
    parts = [part for sweep in content.sweeps for part in shown(sweep)]
    return element("section", {"class": "sweeps", "aria-labelledby": "sweeps"}, heading, *parts)


def shown(sweep: Sweep) -> list[Markup]:
    """Name and state, how far it has come, its pictures."""
    state = sweep.progress.state if sweep.progress else None
    mark = [" ", badge(state, MEANS[state])] if state else []
    figures = [
        element(
            "figure",
            None,
            element("img", {"src": one.uri, "width": one.width, "height": one.height, "alt": words, "loading": "lazy"}),
            element("figcaption", None, words),
        )
        for words, one in sweep.pictures
    ]
    return [
        element("h3", None, f"{sweep.name} {sweep.folder.name}", *mark),
        element("p", None, told(sweep)),
        element("div", {"class": "drawn"}, *figures),
    ]


def told(sweep: Sweep) -> str:
    """How far it has come: ``3 of 24 runs finished, 2 running, 19 waiting; 5 runs on this page; …``"""
    parts = [str(sweep.progress)] if sweep.progress else []
    parts += [f"how far it has come cannot be read ({sweep.fault})"] if sweep.fault else []
    parts += [f"{plural(len(sweep.runs), 'run')} on this page"]
    parts += ["sweep.py goes on with its folder"] if sweep.progress and sweep.progress.state == "interrupted" else []
    parts += [] if sweep.pictures else ["it has drawn no picture yet"]
    return f"{'; '.join(parts)}."
