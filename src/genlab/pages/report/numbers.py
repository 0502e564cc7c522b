"""Numbers as the page writes them."""

from __future__ import annotations

import math

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.groups import Group
from genlab.sweeps.words import MOST, number_text, spread_text


def measured(value: float, decimals: int, spread: float | None = None) -> Markup:
    """``103.9 ± 0.2``: with so many decimals, or more where three digits need them."""
    decimals = enough(value, decimals)
    shown = number_text(value, decimals)
    if spread is None:
        return Markup(shown)
    return joined([shown, element("small", None, f" ± {spread_text(spread, decimals)}")])


def enough(value: float, decimals: int) -> int:
    """The decimals with which a number has three digits, if those are more."""
    return max(decimals, min(MOST, 2 - math.floor(math.log10(abs(value))))) if value else decimals


def of_group(group: Group, metric: str, decimals: int) -> Markup:
    """The metric of a group with its spread; nothing where it has none."""
    mean = group.mean(metric)
    return Markup() if mean is None else measured(mean, decimals, group.spread(metric))


def signed(value: float, decimals: int) -> str:
    """A difference with its sign."""
    return f"{'+' if value > 0 else ''}{number_text(value, decimals)}".replace("-", "\N{MINUS SIGN}", 1)
