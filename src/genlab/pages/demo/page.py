"""The page: one HTML file with its style, its script and what it knows of the model inside. It asks no other address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from genlab.pages.html import data, text
from genlab.pages.policy import UNFRAMED, policy

FOLDER = Path(__file__).with_name("web")


@dataclass(frozen=True)
class Page:
    """``content``: the file. ``policy``: what browsers allow it: this script, this style, pictures inside, and this server."""

    content: bytes
    policy: str

    @classmethod
    def of(cls, told: dict[str, Any]) -> Page:
        """The page of a model of which this is told; whatever a name has in it, it is text."""
        style, script, frame = (
            FOLDER.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js", "page.html")
        )
        parts = {"title": text(told["title"]), "style": style, "script": script, "told": data("told", told)}
        allowed = policy(script, style, asks=True, plays=told["sound"] is not None)
        return cls(Template(frame).substitute(parts).encode(), f"{allowed}; {UNFRAMED}")
