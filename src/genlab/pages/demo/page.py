"""The page: one HTML file with its style, its script and what it knows of the model inside. It asks no other address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from genlab.pages.html import data, text
from genlab.pages.policy import UNFRAMED, policy

FOLDER = Path(__file__).with_name("web")
SCRIPTS = ("page", "asking", "codes", "labels", "pictures", "samples", "translation", "start")  # the last one begins


@dataclass(frozen=True)
class Page:
    """``content``: the file. ``policy``: what browsers allow it: this script, this style, pictures inside, and this server."""

    content: bytes
    policy: str

    @classmethod
    def of(cls, told: dict[str, Any]) -> Page:
        """The page of a model of which this is told; whatever a name has in it, it is text."""
        style, frame = written("page.css"), written("page.html")
        script = "\n".join(written(f"{name}.js") for name in SCRIPTS)
        parts = {"title": text(told["title"]), "style": style, "script": script, "told": data("told", told)}
        allowed = policy(script, style, asks=True, plays=told["sound"] is not None)
        return cls(Template(frame).substitute(parts).encode(), f"{allowed}; {UNFRAMED}")


def written(name: str) -> str:
    """A file of the page."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")
