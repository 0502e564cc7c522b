"""Whether a generator's gradient has vanished, from norms that are logged anyway."""

from __future__ import annotations

from statistics import median

FIRST = 5  # logged norms whose median is the early value
SURE = 0.9  # accuracy from which a discriminator tells real from generated: below it a small gradient may be an equilibrium


class EarlyNorms:
    """The early norm of each generator's gradient, by the end of the names (``""``, ``_AtoB``).

    Attributes:
        first: the first logged norms of each.
    """

    def __init__(self) -> None:
        self.first: dict[str, list[float]] = {}

    def fraction(self, end: str, norm: float) -> float:
        """A new norm as a fraction of the early one; 1 while that is not known."""
        first = self.first.setdefault(end, [])
        if len(first) < FIRST:
            first.append(norm)
            return 1.0
        early = median(first)
        return norm / early if early > 0 else 1.0
