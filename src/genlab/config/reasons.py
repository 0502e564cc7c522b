"""Formats values and pydantic's error messages for users."""

from __future__ import annotations

import difflib
import re
from typing import Any

from omegaconf import OmegaConf
from pydantic import ValidationError

WORDS = {
    "a valid ": "a ",
    "Input should be ": "",
    "None": "null",
    "an integer": "a whole number",
    "a integer": "a whole number",
    "an array": "a list",
    "a array": "a list",
    "an object": "a group of keys",
    "a boolean": "true or false",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
PATTERNS = {
    r"^[0-9a-fA-F]{64}$": "a SHA-256, 64 digits and letters from a to f",
    r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$": "a name of letters, digits and . _ + - only",
    r"^(-1|[0-9]+(,[0-9]+)*)$": "numbers of devices, such as 0,1",
    r"^[^/\\#?%:]*$": "a name without / \\ # ? % :",
    r"^[0-9]+:[0-9]{2}:[0-9]{2}:[0-9]{2}$": "a duration, days:hours:minutes:seconds, such as 00:08:00:00 (in a file in quotes)",
}


def as_typed(value: Any) -> str:
    """A value as typed on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    if isinstance(value, list):
        return f"[{','.join(map(as_typed, value))}]"
    return "…" if isinstance(value, dict) else str(value)


def types_wanted(error: ValidationError) -> set[str]:
    """pydantic's error types: ``list_type``, ``literal_error`` …"""
    return {item["type"] for item in error.errors()}


def nearest_choice(value: Any, error: ValidationError) -> str:
    """The closest allowed word for a value, or for each value of a list; empty if one has no close match."""
    expected = [item["ctx"]["expected"] for item in error.errors() if item["type"] == "literal_error"]
    known = {word.lower(): word for words in expected for word in re.findall("'([^']*)'", words)}
    near = [
        known[found[0]] if (found := difflib.get_close_matches(str(one).lower(), known, n=1, cutoff=0.6)) else ""
        for one in (value if isinstance(value, list) else [value])
    ]
    if not all(near):
        return ""
    return as_typed(near) if isinstance(value, list) else near[0]


def reasons(error: ValidationError) -> str:
    """What the value must be, with alternatives joined by "or"."""
    return "must be " + ", or ".join(dict.fromkeys(reason(item) for item in error.errors()))


def reason(item: Any) -> str:
    """One pydantic error in our words."""
    if item["type"] == "string_pattern_mismatch":
        return PATTERNS.get(item["ctx"]["pattern"], "text of another form")
    said: str = item["msg"]
    for words, ours in WORDS.items():
        said = said.replace(words, ours)
    return said
