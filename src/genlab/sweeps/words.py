"""How a sweep's keys, values and numbers are written in its pictures and on the screen."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

HUGE, TINY = (
    1e6,
    1e-3,
)  # from and below which numbers are written with an exponent, tiny ones if all decimals are needed
MOST = 6  # decimals


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """For each key the last of its words that tell it from the others: ``model.beta`` -> ``beta``."""
    words = {key: re.split(r"[./]", key) for key in keys}
    return {key: next((name for name in suffixes(words[key]) if unique(name, words)), key) for key in keys}


def suffixes(words: list[str]) -> Iterable[str]:
    """The last word, the last two …"""
    return (".".join(words[-count:]) for count in range(1, len(words) + 1))


def unique(name: str, words: dict[str, list[str]]) -> bool:
    """Whether one key alone ends in these words."""
    return sum(f".{'.'.join(key)}".endswith(f".{name}") for key in words.values()) == 1


def value_text(value: Any) -> str:
    """A parameter's value as it is typed in an override; floats to four digits."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return str(value)


def shortened(text: str, letters: int) -> str:
    """At most so many letters: of a dotted name its last word, and the middle of what is longer becomes an ellipsis."""
    if len(text) > letters and re.fullmatch(r"\w+(\.\w+)+", text):
        text = text.rpartition(".")[2]
    if len(text) <= letters:
        return text
    tail = (letters - 1) // 2
    return f"{text[: letters - 1 - tail]}…{text[len(text) - tail :]}"


def spread_decimals(values: Iterable[float | None], digits: int = 3) -> int:
    """Decimals that tell the values apart: so many digits of their range (of their size, where all are equal)."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    span = (max(known) - min(known) or max(map(abs, known)) / 10) if known else 0.0
    return min(MOST, max(0, digits - 1 - math.floor(math.log10(span) + 1e-9))) if span else 0


def number_text(value: float, decimals: int) -> str:
    """With so many decimals; with an exponent and three digits what is huge, or tiny among its like."""
    if abs(value) >= HUGE or (decimals == MOST and abs(value) < TINY):
        return value_text(float(f"{value:.3g}"))
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not float(text) else text


def spread_text(std: float, decimals: int) -> str:
    """A standard deviation beside its mean: with so many decimals, or one digit of what would be written as zero."""
    return number_text(std, decimals) if round(std, decimals) else value_text(float(f"{std:.1g}"))


def plural(count: int, noun: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, days = divmod(minutes, 60), divmod(round(minutes / 60), 24)
    return f"{hours[0]} h {hours[1]} min" if hours[0] < 48 else f"{days[0]} d {days[1]} h"
