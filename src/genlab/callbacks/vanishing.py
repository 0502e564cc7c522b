"""Whether a generator's gradient has vanished, from norms that are logged anyway."""

from __future__ import annotations

FIRST = 5  # logged norms whose largest is the early one: a discriminator may win within the first hundred batches
SURE = 0.9  # accuracy from which a discriminator tells real from generated: below it a small gradient may be an equilibrium


class EarlyNorms:
    """The early norm of each generator's gradient, by the end of the names (``""``, ``_AtoB``).

    Attributes:
        first: the first logged norms of each.
    """

    def __init__(self) -> None:
        self.first: dict[str, list[float]] = {}

    def fraction(self, end: str, norm: float) -> float:
        """A new norm as a fraction of the early one; at least 1 while that is not known, and where it is 0."""
        first = self.first.setdefault(end, [])
        if len(first) < FIRST:
            first.append(norm)
            return 1.0
        return norm / max(first) if max(first) > 0 else 1.0
