"""Numbers as the page writes them."""

from __future__ import annotations

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.groups import Group
from genlab.sweeps.words import number_text, spread_text


def measured(value: float, decimals: int, spread: float | None = None) -> Markup:
    """``103.9 ± 0.2``."""
    shown = number_text(value, decimals)
    if spread is None:
        return Markup(shown)
    return joined([shown, element("small", None, f" ± {spread_text(spread, decimals)}")])


def of_group(group: Group, metric: str, decimals: int) -> Markup:
    """The metric of a group with its spread; nothing where it has none."""
    mean = group.mean(metric)
    return Markup() if mean is None else measured(mean, decimals, group.spread(metric))


def signed(value: float, decimals: int) -> str:
    """A difference with its sign."""
    return f"{'+' if value > 0 else ''}{number_text(value, decimals)}".replace("-", "\N{MINUS SIGN}", 1)
