"""The report as one file: sections, styles, scripts and data, and a policy that forbids every request."""

from __future__ import annotations

import hashlib
from pathlib import Path

from genlab.pages.html import Markup, data, element, joined
from genlab.pages.policy import policy
from genlab.pages.report.content import Content
from genlab.pages.report.sections import drawn
from genlab.pages.report.sections.best import best
from genlab.pages.report.sections.differing import differing
from genlab.pages.report.sections.head import head
from genlab.pages.report.sections.heard import sounds
from genlab.pages.report.sections.ledger import ledger
from genlab.pages.report.sections.provenance import provenance
from genlab.pages.report.sections.runs import runs
from genlab.pages.report.sections.sweeps import sweeps
from genlab.runs.summary import versions

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = (
    "page.js",
    "table.js",
    "chart.js",
    "curves.js",
    "ranking.js",
    "pictures.js",
    "sounds.js",
    "compare.js",
    "start.js",
)
PARTS = (head, differing, best, runs, drawn.curves, drawn.pictures, sounds, drawn.compare, ledger, sweeps, provenance)
SECTIONS = {  # by the id of their heading, the words that lead to them
    "differences": "differs",
    "best": "best",
    "all": "runs",
    "curves": "curves",
    "pictures": "pictures",
    "sounds": "sounds",
    "compare": "two runs",
    "ledger": "ledger",
    "sweeps": "sweeps",
    "provenance": "provenance",
}


def page(content: Content) -> str:
    """The whole file; equal runs make equal bytes."""
    script, body = scripts(), joined((section(content) for section in PARTS), "\n")
    blocks = [
        data("facts", drawn.facts(content)),
        data("points", drawn.points(content)),
        data("strips", drawn.strips(content)),
    ]
    digest = hashlib.sha256("".join([body, *blocks]).encode(errors="surrogatepass")).hexdigest()[:16]
    main = element("main", None, body, foot(digest))
    inner = element("body", None, navigation(body), main, *blocks, element("script", None, Markup(script)))
    allowed = policy(script, None, asks=content.live, plays=bool(content.sounds.sentences))
    whole = element("html", {"lang": "en", "data-digest": digest}, top(content, allowed), inner)
    return f"<!DOCTYPE html>\n{whole}\n"


def top(content: Content, allowed: str) -> Markup:
    """The head of the file."""
    return element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": allowed}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", None, content.title),
        element("style", None, Markup(asset("page.css"))),
    )


def navigation(body: str) -> Markup:
    """Links to the sections that there are, and what changes between light and dark."""
    links = [
        element("a", {"href": f"#{name}"}, words) for name, words in SECTIONS.items() if f'<h2 id="{name}"' in body
    ]
    theme = element("button", {"type": "button", "id": "theme", "class": "works"}, "light / dark")
    return element("nav", {"aria-label": "Sections"}, *links, theme)


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return (ASSETS / name).read_text(encoding="utf-8")


def scripts() -> str:
    """All scripts, one after the other."""
    return "\n".join(['"use strict";', *map(asset, SCRIPTS)])


def foot(digest: str) -> Markup:
    """Who made the page, and a digest of what is on it."""
    version = versions().get("genlab", "")
    words = f"genlab {version}, report {digest}. The numbers are also in this file as JSON: "
    return element("footer", None, words, element("code", None, "#facts"), ".")
