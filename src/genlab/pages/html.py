"""Elements of a page as text. Whatever is put into one is escaped, here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

VOID = {"img", "input", "meta", "col", "br"}


class Markup(str):
    """Text that is HTML already."""


def text(value: object) -> Markup:
    """The value as text, whatever is in it."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def element(name: str, attributes: Mapping[str, object] | None = None, *children: object) -> Markup:
    """An element. An attribute that is None or False is left out, one that is True has no value."""
    own = "".join(attribute(key, value) for key, value in (attributes or {}).items())
    if name in VOID:
        return Markup(f"<{name}{own}>")
    return Markup(f"<{name}{own}>{joined(children)}</{name}>")


def attribute(key: str, value: object) -> str:
    """`` key="value"``."""
    if value is None or value is False:
        return ""
    return f" {key}" if value is True else f' {key}="{escape(str(value))}"'


def joined(children: Iterable[object], between: str = "") -> Markup:
    """The children one after the other."""
    return Markup(between.join(text(child) for child in children))


def data(name: str, value: Any) -> Markup:
    """A block of JSON that a script reads; nothing in it can end the block."""
    content = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="{escape(name)}">{content}</script>')
