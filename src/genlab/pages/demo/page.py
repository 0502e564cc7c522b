"""The page: one HTML file with its style, its script and what it knows of the model inside. It asks no other address."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

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
        parts = {"title": escape(told["title"]), "style": style, "script": script, "told": in_script(told)}
        return cls(Template(frame).substitute(parts).encode(), policy(style, script))


def in_script(told: dict[str, Any]) -> str:
    """JSON inside an element ``script``, which nothing in it can end."""
    return json.dumps(told, allow_nan=False).replace("<", "\\u003c")


def policy(style: str, script: str) -> str:
    """The header Content-Security-Policy: all is forbidden but what is named, code and style by what they are."""
    return "; ".join(
        [
            "default-src 'none'",
            "connect-src 'self'",
            "img-src data:",
            f"style-src {digest(style)}",
            f"script-src {digest(script)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def digest(text: str) -> str:
    """How the header names a script or style by its content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
